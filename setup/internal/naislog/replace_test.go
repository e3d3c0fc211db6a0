package naislog_test

import (
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"
)

func TestLogHandlerMessageBehindReplacedFields(t *testing.T) {
	replace := func(key string, value any) func([]string, slog.Attr) slog.Attr {
		return func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == key {
				return slog.Any(key, value)
			}
			return a
		}
	}
	for name, replaced := range map[string]func([]string, slog.Attr) slog.Attr{
		"time as a number":   replace(slog.TimeKey, time.Now().UnixMilli()),
		"time as a group":    replace(slog.TimeKey, slog.GroupValue(slog.Int("s", 1), slog.Group("n", "ns", 2))),
		"level as a number":  replace(slog.LevelKey, 5),
		"level as null":      replace(slog.LevelKey, nil),
		"source as a number": replace(slog.SourceKey, 5),
		"source, nested":     replace(slog.SourceKey, map[string]any{"at": map[string]any{"file": `a}"b`, "lines": []int{1, 2}}}),
		"source with braces": replace(slog.SourceKey, &slog.Source{Function: "f", File: "/src/{v}/a.go", Line: 1}),
	} {
		line := logged(t, &slog.HandlerOptions{AddSource: true, ReplaceAttr: replaced}, func(l *slog.Logger) {
			l.InfoContext(remote(sampledParent), "hello", "a", 1)
		})
		if line["message"] != "hello" || line["span_id"] == nil || line["trace_id"] == nil {
			t.Errorf("%s: got %v", name, line)
		}
	}
}

// TestReplaceAttrGetsTheGroups checks the groups for each attribute. An empty group before the
// attribute makes no difference.
func TestReplaceAttrGetsTheGroups(t *testing.T) {
	got := map[string]string{}
	opts := &slog.HandlerOptions{AddSource: true, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if a.Value.Kind() == slog.KindInt64 {
			got[a.Key] = strings.Join(groups, "/")
		}
		return a
	}}
	empty := slog.Group("empty", slog.Group("inner", slog.Attr{}))
	logged(t, opts, func(l *slog.Logger) {
		l.With("a", 1, empty, "b", 2).WithGroup("g").With(empty, "c", 3, slog.Group("h", "d", 4)).WithGroup("i").Info("m", empty, "e", 5,
			slog.Group("j", "f", 6, empty, slog.Group("", "k", 7)), slog.Group("", "l", 8))
	})
	want := map[string]string{
		"line": "", // slog passes no groups for the source of a log call
		"a":    "", "b": "", "c": "g", "d": "g/h", "e": "g/i", "f": "g/i/j", "k": "g/i/j", "l": "g/i",
	}
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
