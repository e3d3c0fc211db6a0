package httptrace_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/conformance/httpsuite"
	"github.com/nais/spor/internal/oteltest"
)

// absent is the value of a property that an engine does not record.
const absent = "-"

// A fact is the name of a property. where is "span", "metric NAME" or "answer". property is the key
// of an attribute or the name of another property, such as kind.
type fact struct{ where, property string }

// exists is the property of a whole span or a whole metric. If only one engine has it, the other
// properties are not compared.
const exists = "exists"

// facts contains what an engine has recorded for a row, and the response to the row. Values that
// differ by nature, such as ports, are replaced by a fixed word.
type facts map[fact]string

// An engine records requests. The zero value is otelhttp.
type engine struct {
	spor  bool
	atEnd bool // the attributes are set when the span ends
}

var (
	reference = engine{}
	atStart   = engine{spor: true}
	atEnd     = engine{spor: true, atEnd: true}
)

// both contains the options of a row for otelhttp and for spor.
type both struct {
	spor     []httptrace.Option
	otelhttp []otelhttp.Option
}

func (e engine) handler(sdk *oteltest.SDK, row both, next http.Handler) http.Handler {
	if e.spor {
		return httptrace.Handler(next, e.sporOptions(sdk, row)...)
	}
	return otelhttp.NewHandler(next, "", e.otelhttpOptions(sdk, row)...)
}

func (e engine) transport(sdk *oteltest.SDK, row both, base http.RoundTripper) http.RoundTripper {
	if e.spor {
		return httptrace.Transport(base, e.sporOptions(sdk, row)...)
	}
	return otelhttp.NewTransport(base, e.otelhttpOptions(sdk, row)...)
}

func (e engine) sporOptions(sdk *oteltest.SDK, row both) []httptrace.Option {
	opts := options(sdk, httptrace.WithOptionalMetrics())
	if e.atEnd {
		opts = append(opts, httptrace.WithTracerProvider(oteltest.AttributesAtEnd(sdk.TracerProvider)))
	}
	return append(opts, row.spor...)
}

func (e engine) otelhttpOptions(sdk *oteltest.SDK, row both) []otelhttp.Option {
	return append([]otelhttp.Option{
		otelhttp.WithTracerProvider(sdk.TracerProvider),
		otelhttp.WithMeterProvider(sdk.MeterProvider),
		otelhttp.WithPropagators(sdk.Propagator),
	}, row.otelhttp...)
}

// referenceRoutes returns the routes of the suite and a few more. The handler of /hangs calls
// cancel, and then waits until the client has disconnected.
func referenceRoutes(cancel context.CancelFunc) http.Handler {
	more := map[string]http.HandlerFunc{
		"GET /internal/isAlive": ok,
		"GET /redirects":        func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/users/1", http.StatusFound) },
		"GET /600":              func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(600) },
		"GET /hints": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusCreated)
		},
		"GET /labels": func(_ http.ResponseWriter, r *http.Request) {
			l, _ := otelhttp.LabelerFromContext(r.Context())
			l.Add(attribute.String("tenant", "nav"))
		},
		"GET /own": func(_ http.ResponseWriter, r *http.Request) {
			span := trace.SpanFromContext(r.Context())
			span.SetAttributes(attribute.String("url.path", "/mine"), attribute.Int("answers", 42))
			span.AddEvent("work")
			span.SetName("my work")
		},
		"GET /hangs": func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		},
	}
	mux := muxOf(httpsuite.Routes(), func(h http.Handler) http.Handler { return h })
	for pattern, h := range more {
		mux.HandleFunc(pattern, h)
	}
	return mux
}

// factsOf returns the facts of all spans and metrics of sdk. port is the port of the server.
func factsOf(t *testing.T, sdk *oteltest.SDK, port string) facts {
	t.Helper()
	f := make(facts)
	for i, span := range sdk.Ended() {
		f.addSpan(numbered("span", i), span)
	}
	for _, m := range sdk.Metrics(t, "") {
		f.addMetric(m)
	}
	for fact, value := range f {
		switch {
		case fact.property == "network.peer.port", fact.property == "server.port" && value == port:
			f[fact] = "PORT"
		case fact.where != "answer":
			f[fact] = strings.ReplaceAll(value, ":"+port, ":PORT")
		}
	}
	return f
}

// numbered returns name for the first span or time series, and name with a number for others.
func numbered(name string, i int) string {
	if i == 0 {
		return name
	}
	return fmt.Sprintf("%s %d", name, i+1)
}

func (f facts) value(of fact) string {
	if value, ok := f[of]; ok {
		return value
	}
	return absent
}

func (f facts) add(where string, properties map[string]string) {
	f[fact{where, exists}] = "yes"
	for property, value := range properties {
		f[fact{where, property}] = value
	}
}

func (f facts) addSpan(where string, span sdktrace.ReadOnlySpan) {
	f.add(where, oteltest.Map(span.Attributes()))
	properties := map[string]string{
		"name":        span.Name(),
		"kind":        span.SpanKind().String(),
		"status":      span.Status().Code.String(),
		"description": cmp.Or(span.Status().Description, absent),
		"parent":      identity(span, span.Parent()),
	}
	for i, link := range span.Links() {
		properties[numbered("link", i)] = identity(span, link.SpanContext)
	}
	for i, event := range span.Events() {
		name := numbered("event", i)
		properties[name] = event.Name
		for key, value := range oteltest.Map(event.Attributes) {
			if key == "exception.stacktrace" {
				value = "STACK"
			}
			properties[name+" "+key] = value
		}
	}
	f.add(where, properties)
}

// identity describes sc, which is the parent of span or a link of it.
func identity(span sdktrace.ReadOnlySpan, sc trace.SpanContext) string {
	if !sc.IsValid() {
		return absent
	}
	same := sc.TraceID() == span.SpanContext().TraceID()
	return fmt.Sprintf("%s remote=%t same trace=%t %s", sc.SpanID(), sc.IsRemote(), same, sc.TraceState())
}

func (f facts) addMetric(m metricdata.Metrics) {
	type point struct {
		attributes attribute.Set
		values     map[string]string
	}
	var points []point
	switch data := m.Data.(type) {
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			values := map[string]string{"count": strconv.FormatUint(p.Count, 10), "bounds": fmt.Sprint(p.Bounds)}
			points = append(points, point{p.Attributes, values})
		}
	case metricdata.Histogram[int64]:
		for _, p := range data.DataPoints {
			values := map[string]string{"count": strconv.FormatUint(p.Count, 10), "bounds": fmt.Sprint(p.Bounds)}
			values["sum"] = strconv.FormatInt(p.Sum, 10)
			points = append(points, point{p.Attributes, values})
		}
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			points = append(points, point{p.Attributes, map[string]string{"sum": strconv.FormatInt(p.Value, 10)}})
		}
	}
	slices.SortFunc(points, func(a, b point) int {
		status, _ := a.attributes.Value("http.response.status_code")
		other, _ := b.attributes.Value("http.response.status_code")
		return cmp.Compare(status.AsInt64(), other.AsInt64())
	})
	for i, p := range points {
		where := numbered("metric "+m.Name, i)
		f.add(where, oteltest.Map(p.attributes.ToSlice()))
		f.add(where, p.values)
		f.add(where, map[string]string{"unit": m.Unit, "description": m.Description})
	}
}

// A difference is a property for which otelhttp and spor record different values.
type difference struct {
	rows     string // SIDE/VERSION/ROW
	where    string
	property string
	otelhttp string // absent if otelhttp does not record the property
	spor     string // absent if spor does not record the property
	reason   string
}

// differences returns the properties that are different in two sets of facts of row.
func differences(row string, otelhttp, spor facts) (found []difference) {
	all := maps.Clone(otelhttp)
	maps.Copy(all, spor)
	for fact := range all {
		whole := fact
		whole.property = exists
		a, b := otelhttp.value(fact), spor.value(fact)
		if a != b && (fact == whole || otelhttp[whole] == spor[whole]) {
			found = append(found, difference{row, fact.where, fact.property, a, b, ""})
		}
	}
	slices.SortFunc(found, func(a, b difference) int {
		return cmp.Or(cmp.Compare(a.where, b.where), cmp.Compare(a.property, b.property))
	})
	return found
}

// String returns d in the form of a line in a table.
func (d difference) String() string {
	return fmt.Sprintf("{%q, %q, %q, %q, %q}", d.rows, d.where, d.property, d.otelhttp, d.spor)
}

// matches reports whether the line d of a table is about the difference found.
func (d difference) matches(found difference) bool {
	rows, _ := path.Match(d.rows, found.rows)
	where, _ := path.Match(d.where, found.where)
	return rows && where && d.property == found.property && same(d.otelhttp, found.otelhttp) && same(d.spor, found.spor)
}

// same reports whether value is the value in a table. A star in a table stands for any text that is
// not empty, but not for a value that is absent.
func same(inTable, value string) bool {
	before, after, star := strings.Cut(inTable, "*")
	return inTable == value || star && value != absent && len(value) > len(before)+len(after) &&
		strings.HasPrefix(value, before) && strings.HasSuffix(value, after)
}

// A judge compares the engines. It knows the differences that are allowed.
type judge struct {
	lines []difference
	used  []bool
}

// newJudge returns a judge that allows the differences in tables for the rows of side. In a table,
// rows and property can contain several alternatives, which are separated by "|". Each alternative
// must occur.
func newJudge(side string, tables ...[]difference) *judge {
	j := new(judge)
	for _, d := range slices.Concat(tables...) {
		for rows := range strings.SplitSeq(d.rows, "|") {
			for property := range strings.SplitSeq(d.property, "|") {
				if d.rows, d.property = rows, property; strings.HasPrefix(rows, side+"/") {
					j.lines = append(j.lines, d)
				}
			}
		}
	}
	j.used = make([]bool, len(j.lines))
	return j
}

// compare runs a row with each engine. It fails the test if otelhttp and spor differ in a way that
// is not in a table, or if spor records something else when it sets attributes at the end.
func (j *judge) compare(t *testing.T, row string, run func(engine) facts) {
	t.Helper()
	want := run(reference)
	got := run(atStart)
	got.checkAgreement(t)
	for _, found := range differences(row, want, got) {
		line := slices.IndexFunc(j.lines, func(d difference) bool { return d.matches(found) })
		if line < 0 {
			t.Errorf("not in the table: %v", found)
			continue
		}
		j.used[line] = true
	}
	for _, found := range differences(row, got, run(atEnd)) {
		t.Errorf("at the start and at the end: %v", found)
	}
}

// checkAgreement fails the test if an attribute of the only span has another value in the metric.
func (f facts) checkAgreement(t *testing.T) {
	t.Helper()
	if f.value(fact{"span 2", exists}) != absent {
		return
	}
	for key, value := range f {
		isAttribute := strings.Contains(key.property, ".")
		onSpan := f.value(fact{"span", key.property})
		if strings.HasPrefix(key.where, "metric ") && isAttribute && onSpan != absent && onSpan != value {
			t.Errorf("%s is %q on the span and %q in the %s", key.property, onSpan, value, key.where)
		}
	}
}

// checkUsed fails the test if a line of the tables is about no difference.
func (j *judge) checkUsed(t *testing.T) {
	t.Helper()
	for i, line := range j.lines {
		if !j.used[i] {
			t.Errorf("there is no such difference: %v", line)
		}
		if line.reason == "" {
			t.Errorf("no reason: %v", line)
		}
	}
}
