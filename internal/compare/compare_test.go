package compare_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/compare"
	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/viewer/spantest"
)

type span = spantest.Span

const ms = time.Millisecond

// profileOf returns the profile of a recording in which each request is sent twice, because an
// exporter may repeat a request.
func profileOf(spans ...span) *compare.Profile {
	p := &compare.Profile{}
	for range 2 {
		p.Add(recording.Request{Traces: spantest.Request(spans...)})
	}
	return p
}

// The function requests returns n traces. The first span of each is a request of 10 ms, and has the
// ID 1. The function below returns the other spans of the trace with the number i.
func requests(n int, below func(i int) []span) []span {
	var all []span
	for i := range n {
		trace := []span{{ID: 1, Service: "shop", Name: "GET /orders", Kind: spantest.Server, To: 10 * ms}}
		if below != nil {
			trace = append(trace, below(i)...)
		}
		for _, s := range trace {
			s.Trace = uint64(i + 1)
			all = append(all, s)
		}
	}
	return all
}

// The function queries returns n queries of the same statement below the span with the ID parent.
func queries(parent uint64, n int, attributes map[string]any) func(int) []span {
	return func(int) []span {
		var all []span
		for i := range n {
			all = append(all, span{
				ID: parent*1000 + uint64(i), Parent: parent, Service: "shop", Name: "SELECT items", Kind: spantest.Client, To: ms, Attributes: attributes,
			})
		}
		return all
	}
}

func together(all ...func(int) []span) func(int) []span {
	return func(i int) (spans []span) {
		for _, f := range all {
			spans = append(spans, f(i)...)
		}
		return spans
	}
}

func one(s span) func(int) []span { return func(int) []span { return []span{s} } }

// The function changed returns spans in which change has changed each span.
func changed(spans []span, change func(i int, s *span)) []span {
	spans = slices.Clone(spans)
	for i := range spans {
		change(i, &spans[i])
	}
	return spans
}

// lasting returns requests with these durations in ms.
func lasting(durations ...float64) []span {
	return changed(requests(len(durations), nil), func(i int, s *span) { s.To = time.Duration(durations[i] * float64(ms)) })
}

// failing returns n requests, among them failed requests that fail.
func failing(failed, n int) []span {
	return changed(requests(n, nil), func(i int, s *span) {
		if i < failed {
			s.Error = "boom"
		}
	})
}

// brief returns one line per change.
func brief(changes []compare.Change) string {
	var lines []string
	for _, c := range changes {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s", c.Type, c.Service, c.Kind, c.Name, c.Statement)))
	}
	return strings.Join(lines, "\n")
}

var (
	stable = map[string]any{"db.system.name": "postgresql", "db.query.text": "SELECT * FROM items WHERE order_id = $1"}
	older  = map[string]any{"db.system": "postgresql", "db.statement": "SELECT * FROM items WHERE order_id = $1"}
)

const loop = "queries shop server GET /orders SELECT items"

func TestCompareQueries(t *testing.T) {
	inner := span{ID: 2, Parent: 1, Service: "shop", Name: "load", Kind: spantest.Internal, To: 9 * ms}
	call := span{ID: 2, Parent: 1, Service: "shop", Name: "GET", Kind: spantest.Client, To: 9 * ms}
	backend := span{ID: 3, Parent: 2, Service: "stock", Name: "GET /stock", Kind: spantest.Server, To: 8 * ms}
	event := span{ID: 3, Parent: 2, Service: "mail", Name: "orders process", Kind: spantest.Consumer, To: 8 * ms}
	with := func(n int) []span { return requests(10, queries(1, n, stable)) }
	served := span{ID: 3, Parent: 2, Service: "shop", Name: "GET /loop", Kind: spantest.Server, To: 8 * ms}
	inProcess := func(n int) func(int) []span { // such as the steps of a connection
		return func(i int) []span {
			return changed(queries(1, n, stable)(i), func(_ int, s *span) { s.Kind = spantest.Internal })
		}
	}
	asJob := func(_ int, s *span) {
		if s.ID == 1 {
			s.Kind, s.Name = spantest.Internal, "import"
		}
	}
	lost := func(spans []span) []span { // the span of the request did not arrive
		return slices.DeleteFunc(spans, func(s span) bool { return s.ID == 1 })
	}
	for name, tt := range map[string]struct {
		before, after []span
		want          string
	}{
		"same":              {with(3), with(3), ""},
		"fewer":             {with(10), with(1), ""},
		"one to two":        {with(1), with(2), loop},
		"one to ten":        {with(1), with(10), loop},
		"more rows":         {with(10), with(14), ""},
		"one request each":  {requests(1, queries(1, 1, stable)), requests(1, queries(1, 8, stable)), loop},
		"more requests":     {with(1), requests(50, queries(1, 1, stable)), ""},
		"new loop":          {requests(10, nil), with(10), loop + "\nnew shop client SELECT items"},
		"new query":         {requests(10, nil), with(1), "new shop client SELECT items"},
		"older names":       {requests(10, queries(1, 1, older)), requests(10, queries(1, 5, older)), loop},
		"moved to stable":   {requests(10, queries(1, 1, older)), requests(10, queries(1, 5, stable)), loop},
		"not a database":    {requests(10, queries(1, 1, nil)), requests(10, queries(1, 5, nil)), ""},
		"some requests":     {with(1), append(with(1), shifted(requests(10, queries(1, 20, stable)))...), loop},
		"below a step":      {requests(10, together(one(inner), queries(2, 1, stable))), requests(10, together(one(inner), queries(2, 5, stable))), loop},
		"of a callee":       {requests(10, together(one(call), one(backend), queries(3, 1, stable))), requests(10, together(one(call), one(backend), queries(3, 5, stable))), "queries stock server GET /stock SELECT items"},
		"of a consumer":     {requests(10, together(one(call), one(event), queries(3, 1, stable))), requests(10, together(one(call), one(event), queries(3, 5, stable))), "queries mail consumer orders process SELECT items"},
		"beside a callee":   {requests(10, together(one(call), one(backend), queries(1, 1, stable))), requests(10, together(one(call), one(backend), queries(1, 5, stable))), loop},
		"of a job":          {changed(with(1), asJob), changed(with(9), asJob), "queries shop internal import SELECT items"},
		"without a request": {lost(requests(10, queries(1, 1, stable))), lost(requests(10, queries(1, 9, stable))), ""},
		"lost request":      {lost(requests(10, together(one(inner), queries(2, 1, stable)))), lost(requests(10, together(one(inner), queries(2, 9, stable)))), ""},
		"beside a request":  {requests(10, together(one(inner), one(served), queries(2, 1, stable))), requests(10, together(one(inner), one(served), queries(2, 9, stable))), loop},
		"inside the client": {requests(10, inProcess(1)), requests(10, inProcess(9)), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := brief(compare.Compare(profileOf(tt.before...), profileOf(tt.after...))); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// The function shifted returns the same spans in other traces.
func shifted(spans []span) []span {
	return changed(spans, func(_ int, s *span) { s.Trace += 1000 })
}

func TestCompareNamesTheStatement(t *testing.T) {
	statement := func(text string) map[string]any {
		return map[string]any{"db.system.name": "postgresql", "db.query.summary": "SELECT items", "db.query.text": text}
	}
	list := func(int) []span {
		return []span{{ID: 2, Parent: 1, Service: "shop", Name: "query", Kind: spantest.Client, Attributes: statement("SELECT * FROM items")}}
	}
	of := func(n int) func(int) []span {
		return together(list, queries(1, n, statement("SELECT * FROM items\nWHERE fnr = 01017012345\x1b[2J")))
	}
	changes := compare.Compare(profileOf(requests(4, of(0))...), profileOf(requests(2, of(1))...))
	if len(changes) != 1 {
		t.Fatalf("got %d changes: %s", len(changes), brief(changes))
	}
	c := changes[0]
	if c.Type != compare.Queries || c.Statement != "SELECT items" || c.Text != "SELECT * FROM items WHERE fnr = ***********" {
		t.Errorf("got %+v", c)
	}
	if c.Before.QueriesPerRequest() != 1 || c.After.QueriesPerRequest() != 2 || c.Before.Requests != 4 || c.After.Queries != 4 || c.After.MostQueries != 2 {
		t.Errorf("before %+v, after %+v", c.Before, c.After)
	}
}

func TestCompareDurations(t *testing.T) {
	const slow = "slower shop server GET /orders"
	for name, tt := range map[string]struct {
		before, after []float64 // in ms
		want          string
	}{
		"all slower":           {[]float64{10, 10, 10, 10, 10}, []float64{16, 16, 16, 16, 16}, slow},
		"faster":               {[]float64{16, 16, 16, 16, 16}, []float64{10, 10, 10, 10, 10}, ""},
		"four spans before":    {[]float64{10, 10, 10, 10}, []float64{90, 90, 90, 90, 90}, ""},
		"four spans now":       {[]float64{10, 10, 10, 10, 10}, []float64{90, 90, 90, 90}, ""},
		"exactly 1.5 times":    {[]float64{12, 12, 12, 12, 12}, []float64{18, 18, 18, 18, 18}, ""},
		"5 ms":                 {[]float64{1, 1, 1, 1, 1}, []float64{6, 6, 6, 6, 6}, ""},
		"more than 5 ms":       {[]float64{1, 1, 1, 1, 1}, []float64{6.1, 6.1, 6.1, 6.1, 6.1}, slow},
		"not by factor":        {[]float64{100, 100, 100, 100, 100}, []float64{140, 140, 140, 140, 140}, ""},
		"tail alone":           {[]float64{10, 10, 10, 10, 10}, []float64{10, 10, 10, 10, 90}, ""},
		"all but the median":   {[]float64{10, 30, 30, 30, 30}, []float64{20, 32, 32, 32, 90}, ""},
		"all but the tail":     {[]float64{10, 10, 10, 10, 90}, []float64{40, 40, 40, 40, 90}, ""},
		"some are still fast":  {[]float64{10, 10, 10, 10, 10}, []float64{10, 40, 40, 40, 90}, ""},
		"fewer than one tenth": {slices.Repeat([]float64{10}, 20), append([]float64{10}, slices.Repeat([]float64{40}, 19)...), slow},
		"order":                {[]float64{50, 10, 10, 20, 10}, []float64{90, 40, 20, 40, 30}, slow},
	} {
		t.Run(name, func(t *testing.T) {
			if got := brief(compare.Compare(profileOf(lasting(tt.before...)...), profileOf(lasting(tt.after...)...))); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCompareErrors(t *testing.T) {
	for _, tt := range []struct {
		before, after [2]int // failed requests, all requests
		worse         bool
	}{
		{[2]int{0, 12}, [2]int{0, 14}, false},
		{[2]int{0, 12}, [2]int{1, 14}, false}, // the program ended during a request
		{[2]int{0, 12}, [2]int{2, 14}, true},
		{[2]int{0, 1000}, [2]int{2, 1000}, true},
		{[2]int{0, 1}, [2]int{1, 1}, true},
		{[2]int{0, 9}, [2]int{1, 1}, true},
		{[2]int{1, 9}, [2]int{1, 1}, false},
		{[2]int{12, 12}, [2]int{14, 14}, false},
		{[2]int{6, 12}, [2]int{14, 28}, false},
		{[2]int{6, 12}, [2]int{12, 12}, true},
		{[2]int{6, 12}, [2]int{9, 12}, false},
		{[2]int{100, 1000}, [2]int{140, 1000}, false},
		{[2]int{100, 1000}, [2]int{151, 1000}, true},
		{[2]int{12, 12}, [2]int{1, 12}, false},
	} {
		changes := compare.Compare(profileOf(failing(tt.before[0], tt.before[1])...), profileOf(failing(tt.after[0], tt.after[1])...))
		want := ""
		if tt.worse {
			want = "errors shop server GET /orders"
		}
		if got := brief(changes); got != want || compare.Worse(changes) != tt.worse {
			t.Errorf("%v -> %v: got %q, want %q", tt.before, tt.after, got, want)
		}
	}
}

func TestCompareOperations(t *testing.T) {
	renamed := func(change func(*span)) []span { return changed(requests(1, nil), func(_ int, s *span) { change(s) }) }
	for name, tt := range map[string]struct {
		change func(*span)
		want   string
	}{
		"name":     {func(s *span) { s.Name = "GET /v2/orders" }, "new shop server GET /v2/orders\ngone shop server GET /orders"},
		"no name":  {func(s *span) { s.Name = "" }, "new shop server (no name)\ngone shop server GET /orders"},
		"service":  {func(s *span) { s.Service = "store" }, "new store server GET /orders\ngone shop server GET /orders"},
		"none":     {func(s *span) { s.Service = "" }, "new unknown_service server GET /orders\ngone shop server GET /orders"},
		"kind":     {func(s *span) { s.Kind = spantest.Client }, "new shop client GET /orders\ngone shop server GET /orders"},
		"no kind":  {func(s *span) { s.Kind = tracepb.Span_SPAN_KIND_UNSPECIFIED }, "new shop internal GET /orders\ngone shop server GET /orders"},
		"unknown":  {func(s *span) { s.Kind = 77 }, "new shop 77 GET /orders\ngone shop server GET /orders"},
		"hostile":  {func(s *span) { s.Name = "\x1b[31mGET\u202e /orders\xff\n" }, "new shop server GET /orders\uFFFD\ngone shop server GET /orders"},
		"personal": {func(s *span) { s.Name = "GET /orders/01017012345" }, "new shop server GET /orders/***********\ngone shop server GET /orders"},
	} {
		t.Run(name, func(t *testing.T) {
			changes := compare.Compare(profileOf(requests(1, nil)...), profileOf(renamed(tt.change)...))
			if got := brief(changes); got != tt.want || compare.Worse(changes) {
				t.Errorf("got %q, worse %t, want %q", got, compare.Worse(changes), tt.want)
			}
			for _, c := range changes {
				if (c.Before == nil) != (c.Type == compare.New) || (c.After == nil) != (c.Type == compare.Gone) {
					t.Errorf("%s: before %+v, after %+v", c.Type, c.Before, c.After)
				}
			}
		})
	}
}

func TestCompareIgnoresBrokenSpans(t *testing.T) {
	broken := spantest.Request(requests(3, nil)...)
	spans := broken.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()
	spans[0].TraceId, spans[1].SpanId, spans[2].EndTimeUnixNano = nil, []byte{1}, 0
	p := &compare.Profile{}
	p.Add(recording.Request{Traces: broken})
	p.Add(recording.Request{})
	changes := compare.Compare(&compare.Profile{}, p)
	if len(changes) != 1 || changes[0].After.Spans != 1 || changes[0].After.P95 != 0 {
		t.Errorf("got %+v, want one span with the duration 0", changes)
	}
	if !new(compare.Profile).Empty() || p.Empty() {
		t.Error("Empty is wrong")
	}
}

// TestCompareTwoRuns compares runs of one program. The number of requests differs, the times differ
// as on a busy machine, and the last request fails, because the program ended.
func TestCompareTwoRuns(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	run := func() *compare.Profile {
		n, load := 10+random.IntN(10), 1+4*random.Float64()
		spans := changed(requests(n, queries(1, 2, stable)), func(_ int, s *span) {
			s.To = time.Duration(float64(ms) * (1 + random.Float64()*load*math.Exp(random.NormFloat64())))
		})
		spans[len(spans)-3].Error = "context canceled"
		return profileOf(spans...)
	}
	for range 200 {
		if changes := compare.Compare(run(), run()); len(changes) > 0 {
			t.Fatalf("got %s: before %+v, after %+v", brief(changes), changes[0].Before, changes[0].After)
		}
	}
}
