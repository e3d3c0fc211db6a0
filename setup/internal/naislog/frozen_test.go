package naislog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/setup/internal/naislog"
)

// teamLines returns a handler whose records with the mark go to the returned lines.
func teamLines(t *testing.T, opts *slog.HandlerOptions) (slog.Handler, *oteltest.Lines, func()) {
	t.Helper()
	team := naislog.NewTeam("127.0.0.1:1", func(string) string { return "" }, slog.Default)
	var lines oteltest.Lines
	team.Open(&lines, false)
	return naislog.NewHandler(io.Discard, opts, outputs{team}), &lines, func() { _ = team.Shutdown(context.Background()) }
}

// TestAttributesOfWithAreFrozen changes values after the call of With.
func TestAttributesOfWithAreFrozen(t *testing.T) {
	h, lines, end := teamLines(t, nil)
	text, table, list := []byte("first"), map[string]any{"k": "first"}, []string{"first"}
	l := slog.New(h).With("text", text, "table", table, slog.Group("g", "list", list), "valuer", twinValuer{slog.AnyValue(table)})
	var wait sync.WaitGroup
	wait.Go(func() { // the race detector checks that no handler reads the values
		copy(text, "other")
		list[0] = "other"
		for i := range 1000 {
			table[fmt.Sprint("k", i%10)] = i
			table["k"] = "other"
		}
	})
	for range 100 {
		l.Info("m", naislog.TeamMark())
		l.Info("m")
	}
	wait.Wait()
	end()
	for _, line := range lines.All(t) {
		if got := fmt.Sprint(line["text"], line["table"], line["g"], line["valuer"]); got != "firstmap[k:first] map[list:[first]] map[k:first]" {
			t.Fatalf("got %s", got)
		}
	}
}

// TestHandlersKeepNoValues checks that a handler does not keep the values of its attributes in
// memory, but only their text.
func TestHandlersKeepNoValues(t *testing.T) {
	type value struct {
		Name    string
		Padding [1 << 20]byte `json:"-"`
	}
	log := func() (slog.Handler, weak.Pointer[value]) {
		v := &value{Name: "a"}
		h := newHandler(io.Discard, nil).WithAttrs([]slog.Attr{slog.Any("a", v), slog.Group("g", slog.Any("b", v))}).WithGroup("h")
		slog.New(h).Info("m", "c", v)
		return h, weak.Make(v)
	}
	h, gone := log()
	for deadline := time.Now().Add(10 * time.Second); gone.Value() != nil && time.Now().Before(deadline); {
		runtime.GC()
	}
	if gone.Value() != nil {
		t.Error("the handler keeps a value")
	}
	runtime.KeepAlive(h)
}

// TestTeamLogsAfterManyCallsOfWith checks that a record does not repeat the calls of With.
func TestTeamLogsAfterManyCallsOfWith(t *testing.T) {
	h, _, end := teamLines(t, nil)
	defer end()
	allocations := func(calls int) float64 {
		l := slog.New(h)
		for i := range calls {
			l = l.With(fmt.Sprint("k", i), []int{i})
		}
		return testing.AllocsPerRun(20, func() { l.Info("m", naislog.TeamMark()) })
	}
	if one, many := allocations(1), allocations(200); many > one+10 {
		t.Errorf("a record after 200 calls of With has %v allocations, after one call %v", many, one)
	}
}

// TestJoinedErrors logs an error that joins many errors with a stack, each of them with the errors
// before it.
func TestJoinedErrors(t *testing.T) {
	var all error
	for range 64 {
		all = errors.Join(all, textStack{})
	}
	if line := logged(t, nil, func(l *slog.Logger) { l.Info("m", "error", all) }); line["stack_trace"] != (textStack{}).StackTrace() {
		t.Errorf("got %v", line["stack_trace"])
	}
}

// TestSourceOfRecordsWithoutOne uses a ReplaceAttr that many programs have.
func TestSourceOfRecordsWithoutOne(t *testing.T) {
	opts := &slog.HandlerOptions{AddSource: true, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.SourceKey {
			source := a.Value.Any().(*slog.Source)
			source.File = filepath.Base(source.File)
		}
		return a
	}}
	var buf bytes.Buffer
	if err := newHandler(&buf, opts).Handle(t.Context(), slog.NewRecord(time.Now(), slog.LevelInfo, "m", 0)); err != nil {
		t.Fatal(err)
	}
	if line := oteltest.ParseLines(t, buf.String())[0]; line["message"] != "m" {
		t.Errorf("got %v", line)
	}
}

// TestFieldsAreUnique checks that no line has two fields with the same name.
func TestFieldsAreUnique(t *testing.T) {
	rename := func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case "stack":
			a.Key = "stack_trace"
		case "kind":
			a.Key = "error.type"
		case "lvl":
			a.Key = "level"
		}
		return a
	}
	for name, tt := range map[string]struct {
		opts slog.HandlerOptions
		log  func(*slog.Logger)
	}{
		"renamed":         {slog.HandlerOptions{ReplaceAttr: rename}, func(l *slog.Logger) { l.Error("m", "stack", "s", "kind", "k", "lvl", 1, "error", failDeep()) }},
		"renamed in With": {slog.HandlerOptions{ReplaceAttr: rename}, func(l *slog.Logger) { l.With("stack", "s", "kind", "k", "lvl", 1).Error("m", "error", failDeep()) }},
		"source":          {slog.HandlerOptions{AddSource: true}, func(l *slog.Logger) { l.With("source", 1).Info("m") }},
		"groups": {slog.HandlerOptions{}, func(l *slog.Logger) {
			l.WithGroup("trace_id").With("a", 1).InfoContext(remote(sampledParent), "m", "b", 2)
		}},
		"span, trace": {slog.HandlerOptions{}, func(l *slog.Logger) {
			l.With("span_id", "s").With("trace_id", "t").InfoContext(remote(sampledParent), "m")
		}},
		"Team Logs": {slog.HandlerOptions{AddSource: true}, func(l *slog.Logger) {
			l.With("severity", "x", "nais_pod_name", "y").Info("m", naislog.TeamMark(), "nais_namespace_name", "z", "source", 1)
		}},
	} {
		h, lines, end := teamLines(t, &tt.opts)
		tt.log(slog.New(h))
		end()
		text := lines.String()
		if name != "Team Logs" {
			var buf bytes.Buffer
			tt.log(slog.New(newHandler(&buf, &tt.opts)))
			text = buf.String()
		}
		seen := map[string]bool{}
		decoder := json.NewDecoder(strings.NewReader(text))
		for depth, isKey := 0, false; ; {
			token, err := decoder.Token()
			if err != nil {
				break
			}
			switch token {
			case json.Delim('{'), json.Delim('['):
				depth++
				isKey = depth == 1
				continue
			case json.Delim('}'), json.Delim(']'):
				depth--
			default:
				if key, ok := token.(string); ok && depth == 1 && isKey {
					if seen[key] {
						t.Errorf("%s: the line has %s twice: %s", name, key, text)
					}
					seen[key], isKey = true, false
					continue
				}
			}
			isKey = depth == 1
		}
		if len(seen) < 4 {
			t.Errorf("%s: got only the fields %v: %s", name, seen, text)
		}
	}
}

// TestFieldsOfOneError checks that error.type and stack_trace describe the same error.
func TestFieldsOfOneError(t *testing.T) {
	for name, tt := range map[string]struct {
		log   func(*slog.Logger)
		kind  any
		stack bool
	}{
		"With has the stack":             {func(l *slog.Logger) { l.With("a", textStack{}).Info("m", "b", errors.New("x")) }, "*errors.errorString", false},
		"record has the stack":           {func(l *slog.Logger) { l.With("a", errors.New("x")).Info("m", "b", textStack{}) }, "naislog_test.textStack", true},
		"only With":                      {func(l *slog.Logger) { l.With("a", textStack{}).Info("m") }, "naislog_test.textStack", true},
		"With twice":                     {func(l *slog.Logger) { l.With("a", errors.New("x")).With("b", textStack{}).Info("m") }, "*errors.errorString", false},
		"removed by a credential's name": {func(l *slog.Logger) { l.Info("m", "token", textStack{}, "b", errors.New("x")) }, "*errors.errorString", false},
		"bytes in a group":               {func(l *slog.Logger) { l.WithGroup("g").Info("m", "stack_trace", []byte("main.x()")) }, nil, true},
	} {
		line := logged(t, nil, tt.log)
		if line["error.type"] != tt.kind || (line["stack_trace"] != nil) != tt.stack {
			t.Errorf("%s: got %v", name, line)
		}
	}
}

// TestIDsOfTheProgram checks that IDs that were added with With take the place of the span's IDs.
func TestIDsOfTheProgram(t *testing.T) {
	for name, tt := range map[string]struct {
		log         func(*slog.Logger, context.Context)
		trace, span any
	}{
		"trace, span": {func(l *slog.Logger, ctx context.Context) {
			l.With("trace_id", "t").With("span_id", "s").InfoContext(ctx, "m")
		}, "t", "s"},
		"span, trace": {func(l *slog.Logger, ctx context.Context) {
			l.With("span_id", "s").With("trace_id", "t").InfoContext(ctx, "m")
		}, "t", "s"},
		"only span":   {func(l *slog.Logger, ctx context.Context) { l.With("span_id", "s").InfoContext(ctx, "m") }, nil, "s"},
		"empty group": {func(l *slog.Logger, ctx context.Context) { l.With(slog.Group("trace_id")).InfoContext(ctx, "m") }, "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"},
		"in a group": {func(l *slog.Logger, ctx context.Context) {
			l.WithGroup("g").With("trace_id", "t").InfoContext(ctx, "m")
		}, "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"},
		"without span": {func(l *slog.Logger, _ context.Context) { l.With("span_id", "s").Info("m") }, nil, "s"},
	} {
		line := logged(t, nil, func(l *slog.Logger) { tt.log(l, remote(sampledParent)) })
		if line["trace_id"] != tt.trace || line["span_id"] != tt.span {
			t.Errorf("%s: got %v", name, line)
		}
	}
}

type embeddedBytes struct{ Key []byte }

// TestBytesAnywhere checks that bytes are written as text wherever JSON has them, and that nothing
// else changes.
func TestBytesAnywhere(t *testing.T) {
	type node struct {
		B    []byte
		Next *node
	}
	var long *node
	for i := range 300 {
		long = &node{[]byte(fmt.Sprintf("%d 01017012345", i)), long}
	}
	for name, tt := range map[string]struct {
		value any
		want  string
	}{
		"embedded": {struct {
			embeddedBytes
			X int
		}{embeddedBytes{[]byte("01017012345")}, 1}, `{"Key":"***********","X":1}`},
		"same text as a key and a text": {map[string]any{"raw": []byte("te st"), "dGUgc3Q=": 1}, `{"dGUgc3Q=":1,"raw":"te st"}`},
		"alone":                         {&[][]byte{[]byte("01017012345")}[0], `"value":"***********"}`},
		"after many others":             {[]any{make([]struct{}, 70_000), []byte("01017012345")}, `,"***********"]`},
		"deep":                          {long, `{"B":"299 ***********","Next":`},
	} {
		var buf bytes.Buffer
		slog.New(newHandler(&buf, nil)).Info("m", "value", tt.value)
		text := buf.String()
		if !strings.Contains(text, tt.want) || strings.Contains(text, "MDEwMTcwMTIzNDU") || strings.Contains(text, "IDAxMDE3") {
			t.Errorf("%s: got %.300s", name, text[strings.Index(text, `"value"`):])
		}
	}
}

// TestTeamMarks checks that a mark is found wherever it is.
func TestTeamMarks(t *testing.T) {
	type text string
	add := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == "private" {
			return naislog.TeamMark()
		}
		return a
	}
	for name, log := range map[string]func(*slog.Logger){
		"own type":    func(l *slog.Logger) { l.Info("m", "marker", text("TEAM_LOGS")) },
		"ReplaceAttr": func(l *slog.Logger) { l.Info("m", "private", true) },
		"valuer":      func(l *slog.Logger) { l.Info("m", "marker", twinValuer{slog.StringValue("TEAM_LOGS")}) },
		"group":       func(l *slog.Logger) { l.WithGroup("g").Info("m", slog.Group("h", naislog.TeamMark())) },
		"With":        func(l *slog.Logger) { l.With("private", 1).WithGroup("g").Info("m", "a", 1) },
		"With, group": func(l *slog.Logger) { l.WithGroup("g").With(slog.Group("h", naislog.TeamMark())).Info("m") },
	} {
		team := naislog.NewTeam("127.0.0.1:1", func(string) string { return "" }, slog.Default)
		var lines oteltest.Lines
		team.Open(&lines, false)
		var out bytes.Buffer
		log(slog.New(naislog.NewHandler(&out, &slog.HandlerOptions{ReplaceAttr: add}, outputs{team})))
		_ = team.Shutdown(t.Context())
		if out.Len() > 0 || len(lines.All(t)) != 1 {
			t.Errorf("%s: log %s, Team Logs %s", name, &out, &lines)
		}
	}
}

// TestLongKeys checks keys that are too long, and a key that JSON must escape before a value that is
// too long.
func TestLongKeys(t *testing.T) {
	for _, key := range []string{strings.Repeat("k", 4<<20), "https://us\x01er:pw@h", "a\"\\\n"} {
		line := logged(t, nil, func(l *slog.Logger) { l.Info("m", key, []string{strings.Repeat("x", 300<<10)}, "after", 1) })
		if line["after"] != 1.0 || len(line) != 5 {
			t.Errorf("%.40q: got %d fields", key, len(line))
		}
	}
}
