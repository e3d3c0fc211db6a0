package zaptrace_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/setup"
	"github.com/nais/spor/setup/zaptrace"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"
)

func spanContext(id string) context.Context {
	return propagation.TraceContext{}.Extract(context.Background(),
		propagation.MapCarrier{"traceparent": "00-" + traceID + "-" + id + "-01"})
}

// lineOf returns the line that a logger writes when log is called.
func lineOf(t *testing.T, log func(*zap.Logger), opts ...zap.Option) map[string]any {
	t.Helper()
	var buf bytes.Buffer
	log(zap.New(zaptrace.Core(&buf, zap.DebugLevel), opts...))
	return oteltest.ParseLine(t, buf.Bytes())
}

type stacked struct{ error }

func (stacked) StackTrace() string { return "main.deep(...)\n" }

func TestMatrix(t *testing.T) {
	words := map[zapcore.Level]string{
		zap.DebugLevel: "DEBUG", zap.InfoLevel: "INFO", zap.WarnLevel: "WARN", zap.ErrorLevel: "ERROR",
		zap.DPanicLevel: "ERROR", zap.PanicLevel: "ERROR", zapcore.FatalLevel: "ERROR", zap.DebugLevel - 1: "TRACE",
	}
	for level, word := range words {
		for name, err := range map[string]error{
			"": nil, "*fs.PathError": fmt.Errorf("open: %w", &fs.PathError{Op: "open", Path: "q", Err: errors.New("gone")}),
			"zaptrace_test.stacked": stacked{errors.New("deep")},
		} {
			for _, inWith := range []bool{false, true} {
				fields := []zap.Field{zap.Any("ctx", spanContext(spanID)), zap.Int("n", 1), zap.Error(err)}
				var buf bytes.Buffer
				core := zaptrace.Core(&buf, zap.DebugLevel)
				if inWith {
					core, fields = core.With(fields), nil
				}
				if err := core.Write(zapcore.Entry{Level: level, Time: time.Now(), Message: "it went wrong", Stack: "main.log(...)"}, fields); err != nil {
					t.Fatal(err)
				}
				line := oteltest.ParseLine(t, buf.Bytes())
				stack := "main.log(...)"
				if strings.Contains(name, "stacked") {
					stack = "main.deep(...)\n"
				}
				kind, _ := line["error.type"].(string)
				if line["level"] != word || line["message"] != "it went wrong" || line["trace_id"] != traceID || line["span_id"] != spanID ||
					kind != name || line["stack_trace"] != stack || line["n"] != 1.0 || line["time"] == nil || line["ctx"] != nil {
					t.Errorf("%v with error %q, in With: %t: got %v", level, name, inWith, line)
				}
			}
		}
	}
}

type (
	panicking struct{}
	nilText   struct{ text string }
	pair      struct{}
	failing   struct{}
)

func (panicking) String() string { panic("on purpose") }

func (n *nilText) String() string { return n.text }

func (n *nilText) Error() string { return n.text }

func (pair) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	enc.AddDuration("took", time.Second)
	enc.AddBinary("key", []byte("01017012345"))
	enc.AddString("token", "zqvkwxj")
	enc.AddComplex64("c", 1i)
	enc.AddFloat64("nan", math.NaN())
	enc.AddInt64("fnr", 31010112345)
	enc.AddTime("far", time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC))
	return errors.Join(enc.AddReflected("func", func() {}), enc.AddArray("list", zapcore.ArrayMarshalerFunc(pair{}.list)))
}

func (pair) list(enc zapcore.ArrayEncoder) error {
	enc.AppendDuration(time.Second)
	enc.AppendComplex128(1i)
	enc.AppendUint8(7)
	_ = enc.AppendObject(failing{}) // the list goes on
	return nil
}

func (failing) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	enc.AddString("a", "b")
	return errors.New("broken")
}

// TestFields has a row for each kind of field.
func TestFields(t *testing.T) {
	at := time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)
	const masked = 99999999999
	written := map[string]any{
		"took": "1s", "key": "***********", "token": "REDACTED", "c": "(0+1i)", "nan": "!ERROR:json: unsupported value: NaN",
		"far": "12026-01-01T00:00:00Z", "func": "!ERROR:json: unsupported type: func()", "fnr": float64(masked),
		"list": []any{"1s", "(0+1i)", 7.0, map[string]any{"a": "b"}},
	}
	tests := []struct {
		field zap.Field
		want  map[string]any
	}{
		{zap.Skip(), nil},
		{zap.Error(nil), nil},
		{zap.Bool("k", true), map[string]any{"k": true}},
		{zap.Int64("k", -1), map[string]any{"k": -1.0}},
		{zap.Int64("fnr", 1017012345), map[string]any{"fnr": float64(masked)}},
		{zap.Int32("k", -1), map[string]any{"k": -1.0}},
		{zap.Int16("k", -1), map[string]any{"k": -1.0}},
		{zap.Int8("k", -1), map[string]any{"k": -1.0}},
		{zap.Uint64("k", math.MaxUint64), map[string]any{"k": float64(math.MaxUint64)}},
		{zap.Uint32("k", math.MaxUint32), map[string]any{"k": float64(math.MaxUint32)}},
		{zap.Uint16("k", 1), map[string]any{"k": 1.0}},
		{zap.Uint8("k", 1), map[string]any{"k": 1.0}},
		{zap.Uintptr("k", 1), map[string]any{"k": 1.0}},
		{zap.Float64("k", 1.5), map[string]any{"k": 1.5}},
		{zap.Float64("k", math.NaN()), map[string]any{"k": "!ERROR:json: unsupported value: NaN"}},
		{zap.Float32("k", 1.5), map[string]any{"k": 1.5}},
		{zap.Complex128("k", 1i), map[string]any{"k": "(0+1i)"}},
		{zap.Complex64("k", 1i), map[string]any{"k": "(0+1i)"}},
		{zap.String("k", "01017012345"), map[string]any{"k": "***********"}},
		{zap.String("password", "zqvkwxj"), map[string]any{"password": "REDACTED"}},
		{zap.Binary("k", []byte("01017012345")), map[string]any{"k": "***********"}},
		{zap.Binary("k", []byte{0xff}), map[string]any{"k": "/w=="}},
		{zap.ByteString("k", []byte("01017012345")), map[string]any{"k": "***********"}},
		{zap.Duration("k", 31011234567), map[string]any{"k": "31.011234567s"}},
		{zap.Time("k", at), map[string]any{"k": "2026-05-17T12:00:00Z"}},
		{zap.Time("k", at.AddDate(10000, 0, 0)), map[string]any{"k": "12026-05-17T12:00:00Z"}},
		{zap.Reflect("k", map[string]int{"a": 1}), map[string]any{"k": map[string]any{"a": 1.0}}},
		{zap.Reflect("k", func() {}), map[string]any{"k": "!ERROR:json: unsupported type: func()"}},
		{zap.Any("k", nil), map[string]any{"k": nil}},
		{zap.Stringer("k", at.Weekday()), map[string]any{"k": "Sunday"}},
		{zap.Stringer("k", (*nilText)(nil)), map[string]any{"k": "<nil>"}},
		{zap.Stringer("k", panicking{}), map[string]any{"kError": "PANIC=on purpose"}},
		{zap.Error(errors.New("of 01017012345")), map[string]any{"error": "of ***********", "error.type": "*errors.errorString"}},
		{zap.NamedError("k", (*nilText)(nil)), map[string]any{"k": "<nil>", "error.type": "*zaptrace_test.nilText"}},
		{zap.Errors("k", []error{stacked{errors.New("a")}, nil, errors.New("b")}), map[string]any{
			"k": []any{"a", "<nil>", "b"}, "error.type": "zaptrace_test.stacked", "stack_trace": "main.deep(...)\n",
		}},
		{zap.Ints("k", []int{1, 2}), map[string]any{"k": []any{1.0, 2.0}}},
		{zap.Durations("k", []time.Duration{time.Second}), map[string]any{"k": []any{"1s"}}},
		{zap.Strings("k", []string{"01017012345"}), map[string]any{"k": []any{"***********"}}},
		{zap.Objects("k", []pair{{}}), map[string]any{"k": []any{written}}},
		{zap.Object("k", pair{}), map[string]any{"k": written}},
		{zap.Inline(pair{}), written},
		{zap.Object("k", failing{}), map[string]any{"k": map[string]any{"a": "b"}, "kError": "broken"}},
		{zap.Namespace("k"), nil},
		{zap.String("message", "mine"), map[string]any{"fields.message": "mine"}},
	}
	missing := map[zapcore.FieldType]bool{}
	for kind := zapcore.UnknownType + 1; kind <= zapcore.InlineMarshalerType; kind++ {
		missing[kind] = true
	}
	for _, tt := range tests {
		delete(missing, tt.field.Type)
		for _, inWith := range []bool{false, true} {
			line := lineOf(t, func(log *zap.Logger) {
				if inWith {
					log.With(tt.field).Info("m")
					return
				}
				log.Info("m", tt.field)
			})
			for _, key := range []string{"time", "level", "message"} {
				delete(line, key)
			}
			if tt.want == nil {
				tt.want = map[string]any{}
			}
			if !reflect.DeepEqual(line, tt.want) {
				t.Errorf("type %d, in With: %t: got %v, want %v", tt.field.Type, inWith, line, tt.want)
			}
		}
	}
	if len(missing) > 0 {
		t.Errorf("no row has a field of the types %v", missing)
	}
}

func TestNamespaces(t *testing.T) {
	log := func(log *zap.Logger) {
		log.With(zap.Int("a", 1), zap.Namespace("x"), zap.Int("b", 2)).
			With(zap.Int("c", 3)).
			With(zap.Namespace("y"), zap.Any("ctx", spanContext(spanID))).
			Named("orders").
			Error("m", zap.Int("d", 4), zap.Namespace("z"), zap.Error(errors.New("gone")), zap.Namespace("empty"))
	}
	want := map[string]any{
		"level": "ERROR", "message": "m", "logger": "orders", "trace_id": traceID, "span_id": spanID, "error.type": "*errors.errorString", "a": 1.0,
		"x": map[string]any{"b": 2.0, "c": 3.0, "y": map[string]any{"d": 4.0, "z": map[string]any{"error": "gone"}}},
	}
	line := lineOf(t, log)
	delete(line, "time")
	if !reflect.DeepEqual(line, want) {
		t.Errorf("got %v, want %v", line, want)
	}
}

// TestLoggersAreIndependent checks that two loggers with the same parent do not share fields.
func TestLoggersAreIndependent(t *testing.T) {
	var buf bytes.Buffer
	parent := zap.New(zaptrace.Core(&buf, nil)).With(zap.Namespace("x"), zap.Int("a", 1), zap.Int("b", 2)).With(zap.Int("c", 3)).With(zap.Int("d", 4))
	one, two := parent.With(zap.Int("one", 1)), parent.With(zap.Int("two", 2))
	for log, want := range map[*zap.Logger]string{
		parent: "map[a:1 b:2 c:3 d:4]", one: "map[a:1 b:2 c:3 d:4 one:1]", two: "map[a:1 b:2 c:3 d:4 two:2]",
	} {
		buf.Reset()
		log.Info("m")
		if got := fmt.Sprint(oteltest.ParseLine(t, buf.Bytes())["x"]); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestCallerAndStack(t *testing.T) {
	line := lineOf(t, func(log *zap.Logger) { log.Sugar().Errorw("m", "k", "v") }, zap.AddCaller(), zap.AddStacktrace(zap.ErrorLevel))
	source, _ := line["source"].(map[string]any)
	stack, _ := line["stack_trace"].(string)
	if !strings.Contains(fmt.Sprint(source["function"]), "TestCallerAndStack") || !strings.HasSuffix(fmt.Sprint(source["file"]), "zaptrace_test.go") ||
		source["line"] == 0.0 || !strings.Contains(stack, "TestCallerAndStack") || line["k"] != "v" {
		t.Errorf("got %v", line)
	}
}

func TestSpan(t *testing.T) {
	const other = "00f067aa0ba902b7"
	for name, tt := range map[string]struct {
		log        func(*zap.Logger)
		trace, own any
		span       any
	}{
		"no context":          {func(log *zap.Logger) { log.Info("m") }, nil, nil, nil},
		"a field of the call": {func(log *zap.Logger) { log.Info("m", zap.Any("c", spanContext(spanID))) }, traceID, nil, spanID},
		"a field of With":     {func(log *zap.Logger) { log.With(zap.Any("c", spanContext(spanID))).Info("m") }, traceID, nil, spanID},
		"a sugared logger":    {func(log *zap.Logger) { log.Sugar().Infow("m", "ctx", spanContext(spanID)) }, traceID, nil, spanID},
		"no span":             {func(log *zap.Logger) { log.Info("m", zap.Any("c", context.Background())) }, nil, nil, nil},
		"a nil context":       {func(log *zap.Logger) { log.Info("m", zap.Any("c", context.Context(nil))) }, nil, nil, nil},
		"the call beats With": {func(log *zap.Logger) {
			log.With(zap.Any("c", spanContext(other))).Info("m", zap.Any("c", spanContext(spanID)))
		}, traceID, nil, spanID},
		"the last With counts": {func(log *zap.Logger) {
			log.With(zap.Any("c", spanContext(other))).With(zap.Any("c", spanContext(spanID))).Info("m")
		}, traceID, nil, spanID},
		"the program's own": {func(log *zap.Logger) {
			log.With(zap.String("trace_id", "mine")).Info("m", zap.Any("c", spanContext(spanID)))
		}, "mine", nil, nil},
		"own, of the call": {func(log *zap.Logger) {
			log.Info("m", zap.String("trace_id", "mine"), zap.Any("c", spanContext(spanID)))
		}, traceID, "mine", spanID},
	} {
		line := lineOf(t, tt.log)
		if line["trace_id"] != tt.trace || line["span_id"] != tt.span || line["fields.trace_id"] != tt.own {
			t.Errorf("%s: got %v", name, line)
		}
	}
}

func TestLevel(t *testing.T) {
	var out bytes.Buffer
	for name, tt := range map[string]struct {
		level zapcore.LevelEnabler
		want  string
	}{
		"nil":   {nil, "info warn error "},
		"debug": {zap.DebugLevel, "debug info warn error "},
		"error": {zap.NewAtomicLevelAt(zap.ErrorLevel), "error "},
	} {
		out.Reset()
		log := zap.New(zaptrace.Core(&out, tt.level))
		got := ""
		for _, level := range []zapcore.Level{zap.DebugLevel, zap.InfoLevel, zap.WarnLevel, zap.ErrorLevel} {
			if checked := log.Check(level, "m"); checked != nil {
				checked.Write()
				got += level.String() + " "
			}
		}
		if lines := strings.Count(out.String(), "\n"); got != tt.want || lines != len(strings.Fields(tt.want)) {
			t.Errorf("%s: got %q and %d lines, want %q", name, got, lines, tt.want)
		}
	}
}

// recorder records the calls that it gets.
type recorder struct {
	calls []string
	err   error
}

func (r *recorder) Write(b []byte) (int, error) {
	r.calls = append(r.calls, "write")
	return len(b), r.err
}

func (r *recorder) Sync() error {
	r.calls = append(r.calls, "sync")
	return r.err
}

func TestSync(t *testing.T) {
	for _, tt := range []struct {
		level zapcore.Level
		want  string
	}{
		{zap.ErrorLevel, "[write]"},
		{zap.DPanicLevel, "[write sync]"},
		{zap.PanicLevel, "[write sync]"},
		{zap.FatalLevel, "[write sync]"},
	} {
		r := &recorder{}
		func() {
			defer func() { _ = recover() }()
			zap.New(zaptrace.Core(r, nil), zap.OnFatal(zapcore.WriteThenPanic)).Check(tt.level, "m").Write()
		}()
		if got := fmt.Sprint(r.calls); got != tt.want {
			t.Errorf("%v: got %s, want %s", tt.level, got, tt.want)
		}
	}
	r := &recorder{err: errors.New("full")}
	core := zaptrace.Core(r, nil)
	if err := core.Write(zapcore.Entry{}, nil); !errors.Is(err, r.err) {
		t.Errorf("Write: got %v", err)
	}
	if err := core.Sync(); !errors.Is(err, r.err) {
		t.Errorf("Sync: got %v", err)
	}
	if err := zaptrace.Core(&bytes.Buffer{}, nil).Sync(); err != nil {
		t.Errorf("without a method Sync: got %v", err)
	}
}

func TestTeamLogs(t *testing.T) {
	t.Setenv("OTEL_TRACES_EXPORTER", "none")
	t.Setenv("OTEL_METRICS_EXPORTER", "none")
	t.Setenv("OTEL_LOGS_EXPORTER", "none")
	var out, team bytes.Buffer
	shutdown, err := setup.Start(t.Context(), setup.WithTeamLogs(&team))
	if err != nil {
		t.Fatal(err)
	}
	log := zap.New(zaptrace.Core(&out, nil))
	log.Info("of the call", zap.String("marker", "TEAM_LOGS"), zap.String("ident", "01017012345"))
	log.With(zap.String("marker", "TEAM_LOGS"), zap.Namespace("x")).Info("of With", zap.String("ident", "01017012345"))
	if err := shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if out.Len() != 0 || strings.Count(team.String(), "01017012345") != 2 {
		t.Errorf("got log %q and team %q", &out, &team)
	}
}

func TestCoreIsSafeForConcurrentUse(t *testing.T) {
	var buf bytes.Buffer
	log := zap.New(zaptrace.Core(&buf, nil)).With(zap.Namespace("x"), zap.Int("a", 1)).With(zap.Int("b", 2)).With(zap.Int("c", 3))
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for n := range 200 {
				log.Info("m", zap.Int("i", i), zap.Int("n", n))
			}
		})
	}
	wait.Wait()
	next := map[any]float64{}
	for line := range bytes.Lines(buf.Bytes()) {
		x, _ := oteltest.ParseLine(t, line)["x"].(map[string]any)
		if x["n"] != next[x["i"]] {
			t.Fatalf("got %v, want number %v", x, next[x["i"]])
		}
		next[x["i"]]++
	}
	if len(next) != 8 {
		t.Errorf("got lines of %d goroutines", len(next))
	}
}
