package viewer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nais/spor/internal/viewer/spantest"
)

// The function path returns the critical path of a trace as text. It contains the spans in the
// order of time, with times in ms.
func path(t *testing.T, spans []spantest.Span) string {
	t.Helper()
	tree, ok := storeOf(spans...).Tree(spantest.TraceID(spans[0].Trace))
	if !ok {
		t.Fatal("no trace")
	}
	type part struct {
		from, to int64
		name     string
	}
	var parts []part
	var sum int64
	for _, row := range tree.Rows {
		for _, c := range row.Critical {
			parts = append(parts, part{c[0], c[1], row.Name})
			sum += c[1] - c[0]
		}
	}
	if sum != tree.Waited {
		t.Errorf("the path is %s long, want %s", time.Duration(sum), time.Duration(tree.Waited))
	}
	slices.SortFunc(parts, func(a, b part) int { return int(a.from - b.from) })
	var texts []string
	for _, p := range parts {
		texts = append(texts, fmt.Sprintf("%s %d-%d", p.name, p.from/1e6, p.to/1e6))
	}
	return strings.Join(texts, ", ")
}

func TestCriticalPath(t *testing.T) {
	span := func(id, parent uint64, name string, from, to time.Duration) spantest.Span {
		return spantest.Span{Trace: 1, ID: id, Parent: parent, Service: "s", Name: name, Kind: spantest.Internal, From: from * ms, To: to * ms}
	}
	for name, tt := range map[string]struct {
		spans []spantest.Span
		want  string
	}{
		"alone":          {[]spantest.Span{span(1, 0, "a", 0, 10)}, "a 0-10"},
		"one after":      {[]spantest.Span{span(1, 0, "a", 0, 10), span(2, 1, "b", 1, 4), span(3, 1, "c", 5, 9)}, "a 0-1, b 1-4, a 4-5, c 5-9, a 9-10"},
		"beside":         {[]spantest.Span{span(1, 0, "a", 0, 10), span(2, 1, "b", 1, 6), span(3, 1, "c", 1, 9)}, "a 0-1, c 1-9, a 9-10"},
		"overlap":        {[]spantest.Span{span(1, 0, "a", 0, 12), span(2, 1, "b", 0, 10), span(3, 1, "c", 2, 12)}, "a 0-2, c 2-12"},
		"grandchild":     {[]spantest.Span{span(1, 0, "a", 0, 10), span(2, 1, "b", 2, 8), span(3, 2, "c", 3, 7)}, "a 0-2, b 2-3, c 3-7, b 7-8, a 8-10"},
		"outlives":       {[]spantest.Span{span(1, 0, "a", 0, 10), span(2, 1, "b", 5, 15)}, "a 0-5, b 5-10"},
		"later":          {[]spantest.Span{span(1, 0, "a", 0, 10), span(2, 1, "b", 11, 15)}, "a 0-10"},
		"starts earlier": {[]spantest.Span{span(1, 0, "a", 5, 10), span(2, 1, "b", 2, 8)}, "b 3-6, a 6-8"},
		"no time":        {[]spantest.Span{span(1, 0, "a", 0, 0)}, ""},
		"consumer":       {quote(0), "POST /quotes 0-2, quotes.v1.Quotes/Create 2-4, quotes.v1.Quotes/Create 4-5, INSERT quotes 5-9, quotes.v1.Quotes/Create 9-10, quotes publish 10-12, quotes.v1.Quotes/Create 12-16, quotes.v1.Quotes/Create 16-18, POST /quotes 18-20"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := path(t, tt.spans); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestTreeOrdersRows(t *testing.T) {
	tree, _ := storeOf(quote(1)...).Tree(spantest.TraceID(1))
	var got []string
	for _, r := range tree.Rows {
		got = append(got, fmt.Sprintf("%d:%d %s %s", r.Depth, r.Parent, tree.Services[r.Service], r.Name))
	}
	want := []string{
		"0:-1 gateway POST /quotes", "1:0 gateway quotes.v1.Quotes/Create", "2:1 backend quotes.v1.Quotes/Create",
		"3:2 backend INSERT quotes", "3:2 backend quotes publish", "4:4 worker quotes process",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !tree.Complete || tree.Rows[3].System != "postgresql" || tree.Rows[5].Failed != true || tree.Rows[5].Links != 2 {
		t.Errorf("got %+v", tree)
	}
	share := tree.Path[0]
	if share.Name != "quotes.v1.Quotes/Create" || share.Kind != "server" || share.Time != int64(6*ms) || share.First != spantest.SpanID(3).String() {
		t.Errorf("largest share %+v", share)
	}
}

func TestTreeMarksOrphans(t *testing.T) {
	spans := quote(1)
	tree, _ := storeOf(append(spans[:2:2], spans[3:]...)...).Tree(spantest.TraceID(1))
	if tree.Complete {
		t.Error("complete without the parent of two spans")
	}
	orphans := 0
	for _, r := range tree.Rows {
		if r.Orphan {
			orphans++
		}
	}
	if orphans != 2 {
		t.Errorf("%d orphans, want 2", orphans)
	}
}

func TestTreeOfDeepTrace(t *testing.T) {
	spans := make([]spantest.Span, 20_000)
	for i := range spans {
		spans[i] = spantest.Span{Trace: 1, ID: uint64(i + 1), Parent: uint64(i), Name: "x", To: time.Second - time.Duration(i)*time.Microsecond} //nolint:gosec // small
	}
	tree, _ := storeOf(spans...).Tree(spantest.TraceID(1))
	if last := tree.Rows[len(tree.Rows)-1]; last.Depth != len(spans)-1 {
		t.Errorf("depth %d", last.Depth)
	}
}
