package viewer_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"

	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/viewer"
	"github.com/nais/spor/internal/viewer/spantest"
)

// The function hour returns a store with calls in the first minute of an hour, and in its last
// minutes.
func hour() *viewer.Store {
	s := viewer.NewStore(viewer.Options{})
	trace := uint64(0)
	call := func(at, took time.Duration, failure string) {
		trace++
		s.Add(tracesOf(
			spantest.Span{Trace: trace, ID: 1, Service: "shop", Name: "GET /a", Kind: spantest.Server, From: at, To: at + took, Error: failure},
			spantest.Span{Trace: trace, ID: 2, Parent: 1, Service: "shop", Name: "a publish", Kind: spantest.Producer, From: at, To: at + took},
			spantest.Span{Trace: trace, ID: 3, Parent: 2, Service: "stock", Name: "a process", Kind: spantest.Consumer, From: at, To: at + 2*took},
			spantest.Span{Trace: trace, ID: 4, Parent: 1, Service: "shop", Name: "work", Kind: spantest.Internal, From: at, To: at + took},
		))
		line := recording.Line{Stream: recording.Stdout, Text: fmt.Sprint("call ", trace), Time: spantest.Begin.Add(at)}
		s.Add(line.Request(&resourcepb.Resource{}))
	}
	for i := range 18 {
		call(time.Duration(i)*time.Second, 10*ms, "")
	}
	call(58*time.Minute, 20*ms, "")
	call(time.Hour-time.Second, 500*ms, "no stock") // the message is processed until the end of the hour
	return s
}

func operationsOf(list viewer.OperationList) string {
	var all []string
	for _, o := range list.Operations {
		all = append(all, fmt.Sprintf("%s %s %s: %d, %d errors, %.4f/s, median %s, p95 %s",
			o.Kind, o.Service, o.Name, o.Calls, o.Errors, o.Rate, time.Duration(o.Median), time.Duration(o.P95)))
	}
	return strings.Join(all, "\n")
}

func TestOperations(t *testing.T) {
	end := spantest.Begin.Add(time.Hour)
	for name, c := range map[string]struct {
		since time.Duration // before the end; 0 means all
		idle  time.Duration // the end is this long after the last span
		want  string
	}{
		"all": {0, 0, "server shop GET /a: 20, 1 errors, 0.0056/s, median 10ms, p95 20ms\n" +
			"consumer stock a process: 20, 0 errors, 0.0056/s, median 20ms, p95 40ms"},
		"5 minutes": {5 * time.Minute, 0, "server shop GET /a: 2, 1 errors, 0.0067/s, median 500ms, p95 500ms\n" +
			"consumer stock a process: 2, 0 errors, 0.0067/s, median 1s, p95 1s"},
		"a span that ends in the range": {time.Second, 0, "server shop GET /a: 1, 1 errors, 1.0000/s, median 500ms, p95 500ms\n" +
			"consumer stock a process: 1, 0 errors, 1.0000/s, median 1s, p95 1s"},
		"one span of a trace": {time.Second / 4, 0, "consumer stock a process: 1, 0 errors, 1.0000/s, median 1s, p95 1s"},
		"longer than the run": {2 * time.Hour, 0, "server shop GET /a: 20, 1 errors, 0.0056/s, median 10ms, p95 20ms\n" +
			"consumer stock a process: 20, 0 errors, 0.0056/s, median 20ms, p95 40ms"},
		"idle at the end": {6 * time.Minute, 5 * time.Minute, "server shop GET /a: 1, 1 errors, 0.0028/s, median 500ms, p95 500ms\n" +
			"consumer stock a process: 1, 0 errors, 0.0028/s, median 1s, p95 1s"},
	} {
		t.Run(name, func(t *testing.T) {
			var since time.Time
			if c.since > 0 {
				since = end.Add(c.idle - c.since)
			}
			list := hour().Operations(since, end.Add(c.idle))
			if got := operationsOf(list); got != c.want || list.Found != len(list.Operations) {
				t.Errorf("found %d:\n%s\nwant\n%s", list.Found, got, c.want)
			}
		})
	}
	if list := viewer.NewStore(viewer.Options{}).Operations(end, end); list.Found != 0 || list.Operations == nil || list.Seconds != 0 {
		t.Errorf("of an empty store: %+v", list)
	}
}

// Each operation on a page is a link to its traces, so the list finds as many traces as there are calls.
func TestOperationsFindTheirTraces(t *testing.T) {
	s, end := hour(), spantest.Begin.Add(time.Hour)
	for _, since := range []time.Time{{}, end.Add(-5 * time.Minute)} {
		for _, o := range s.Operations(since, end).Operations {
			q := query(t, url.Values{"service": {o.Service}, "operation": {o.Name}, "kind": {o.Kind}}.Encode())
			q.Since = since
			if found := s.List(q).Found; found != o.Calls {
				t.Errorf("%s since %s: %d traces, want %d", o.Name, since, found, o.Calls)
			}
			q.Status = "error"
			if found := s.List(q).Found; found != o.Errors {
				t.Errorf("errors of %s since %s: %d traces, want %d", o.Name, since, found, o.Errors)
			}
		}
	}
}

func TestOperationsAreBounded(t *testing.T) {
	s := viewer.NewStore(viewer.Options{})
	for i := range uint64(600) {
		s.Add(tracesOf(spantest.Span{Trace: i + 1, ID: 1, Name: fmt.Sprint("GET /", i), Kind: spantest.Server, To: ms}))
	}
	s.Add(tracesOf(spantest.Span{Trace: 601, ID: 1, Name: "GET /599", Kind: spantest.Server, To: ms}))
	list := s.Operations(time.Time{}, time.Time{})
	if list.Found != 600 || len(list.Operations) != 500 || list.Operations[0].Name != "GET /599" {
		t.Errorf("found %d, %d listed, the first is %q; want 600, 500, GET /599", list.Found, len(list.Operations), list.Operations[0].Name)
	}
}

// A range of a recording ends with the newest span or log record. A range of a run ends now. Each
// page reads the range in the same way.
func TestTimeRange(t *testing.T) {
	recorded := serve(t, hour())
	recorded.SetLive(false)
	logsOnly := viewer.NewStore(viewer.Options{})
	for _, ago := range []time.Duration{0, 10 * time.Minute} {
		line := recording.Line{Stream: recording.Stdout, Text: "x", Time: spantest.Begin.Add(-ago)}
		logsOnly.Add(line.Request(&resourcepb.Resource{}))
	}
	logged := serve(t, logsOnly)
	logged.SetLive(false)
	live := serve(t, hour()) // the spans are older than any range
	future := viewer.NewStore(viewer.Options{})
	for _, at := range []time.Duration{-time.Second, 1000 * time.Hour} { // the clock of one service is wrong
		from := time.Since(spantest.Begin) + at
		future.Add(tracesOf(spantest.Span{Trace: uint64(at.Abs()), ID: 1, Name: "GET", Kind: spantest.Server, From: from, To: from + ms}))
	}
	ahead := serve(t, future)
	ahead.SetLive(false)
	for name, c := range map[string]struct {
		server *viewer.Server
		since  string
		want   [3]int // numbers of traces, calls and log records
	}{
		"recording, all":          {recorded, "", [3]int{20, 40, 20}},
		"recording, 5 minutes":    {recorded, "5m", [3]int{2, 4, 2}},
		"recording, 1 minute":     {recorded, "1m", [3]int{1, 2, 1}},
		"recording, 15 minutes":   {recorded, "15m", [3]int{2, 4, 2}},
		"recording, milliseconds": {recorded, "300000", [3]int{2, 4, 2}},
		"recording, 2 hours":      {recorded, "2h", [3]int{20, 40, 20}},
		"logs only, 5 minutes":    {logged, "5m", [3]int{0, 0, 1}},
		"live, all":               {live, "", [3]int{20, 40, 20}},
		"live, 5 minutes":         {live, "5m", [3]int{0, 0, 0}},
		"clock ahead, 5 minutes":  {ahead, "5m", [3]int{2, 2, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			var traces viewer.List
			var operations viewer.OperationList
			var logs viewer.LogList
			getJSON(t, c.server.URL()+"api/traces?since="+c.since, &traces)
			getJSON(t, c.server.URL()+"api/operations?since="+c.since, &operations)
			getJSON(t, c.server.URL()+"api/logs?since="+c.since, &logs)
			calls := 0
			for _, o := range operations.Operations {
				calls += o.Calls
			}
			if got := [3]int{traces.Found, calls, logs.Found}; got != c.want {
				t.Errorf("traces, calls, logs: %v, want %v", got, c.want)
			}
		})
	}
	for _, since := range []string{"soon", "-5m", "5 parsecs"} {
		for _, page := range []string{"traces", "operations", "logs"} {
			status, body, _ := request(t, "GET", live.URL()+"api/"+page+"?since="+url.QueryEscape(since), nil, nil)
			if status != http.StatusBadRequest || !strings.Contains(body, "time range: duration") {
				t.Errorf("%s since %q: %d %s", page, since, status, body)
			}
		}
	}
}

func TestOperationsHaveOrder(t *testing.T) {
	s := viewer.NewStore(viewer.Options{})
	for i, name := range []string{"b", "a", "b", "c"} {
		s.Add(tracesOf(spantest.Span{Trace: uint64(i) + 1, ID: 1, Name: name, Kind: spantest.Server, To: ms})) //nolint:gosec // small
	}
	var got []string
	for _, o := range s.Operations(time.Time{}, time.Time{}).Operations {
		got = append(got, o.Name)
	}
	if want := []string{"b", "a", "c"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: the most frequent first, then by name", got, want)
	}
}
