package zerologtrace_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"net"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/propagation"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/suppress"
	"github.com/nais/spor/setup"
	"github.com/nais/spor/setup/zerologtrace"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"
)

func spanContext() context.Context {
	return propagation.TraceContext{}.Extract(context.Background(),
		propagation.MapCarrier{"traceparent": "00-" + traceID + "-" + spanID + "-01"})
}

// lineOf returns the line that a logger writes when log is called.
func lineOf(t *testing.T, log func(zerolog.Logger)) map[string]any {
	t.Helper()
	var buf bytes.Buffer
	log(zerologtrace.Logger(&buf))
	return oteltest.ParseLine(t, buf.Bytes())
}

func TestLevels(t *testing.T) {
	for level, want := range map[zerolog.Level]string{
		zerolog.TraceLevel: "TRACE", zerolog.DebugLevel: "DEBUG", zerolog.InfoLevel: "INFO", zerolog.WarnLevel: "WARN",
		zerolog.ErrorLevel: "ERROR", zerolog.FatalLevel: "ERROR", zerolog.PanicLevel: "ERROR", zerolog.NoLevel: "INFO",
	} {
		// WithLevel does not end the process.
		if line := lineOf(t, func(log zerolog.Logger) { log.WithLevel(level).Msg("m") }); line["level"] != want || line["message"] != "m" || line["time"] == nil {
			t.Errorf("%v: got %v, want %s", level, line, want)
		}
	}
	var buf bytes.Buffer
	log := zerologtrace.Logger(&buf).Level(zerolog.WarnLevel)
	if log.Info().Msg("m"); buf.Len() != 0 {
		t.Errorf("an event below the level of the logger: got %q", &buf)
	}
}

type pair struct {
	Ident string `json:"ident"`
	Token string `json:"token"`
}

// TestFields has a row for each kind of value that zerolog writes.
func TestFields(t *testing.T) {
	at := time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)
	const masked = float64(99999999999)
	for name, tt := range map[string]struct {
		add  func(zerolog.Context) zerolog.Context
		want any
	}{
		"Str":       {func(c zerolog.Context) zerolog.Context { return c.Str("k", "of 01017012345 \n \\ å") }, "of *********** \n \\ å"},
		"Strs":      {func(c zerolog.Context) zerolog.Context { return c.Strs("k", []string{"01017012345"}) }, []any{"***********"}},
		"Bytes":     {func(c zerolog.Context) zerolog.Context { return c.Bytes("k", []byte("01017012345")) }, "***********"},
		"Hex":       {func(c zerolog.Context) zerolog.Context { return c.Hex("k", []byte{255}) }, "ff"},
		"RawJSON":   {func(c zerolog.Context) zerolog.Context { return c.RawJSON("k", []byte(`{"a":[1017012345,"x"]}`)) }, map[string]any{"a": []any{9999999999.0, "x"}}},
		"Bool":      {func(c zerolog.Context) zerolog.Context { return c.Bool("k", true) }, true},
		"Int":       {func(c zerolog.Context) zerolog.Context { return c.Int("k", -1) }, -1.0},
		"a number":  {func(c zerolog.Context) zerolog.Context { return c.Int64("k", 31010112345) }, masked},
		"ten":       {func(c zerolog.Context) zerolog.Context { return c.Int64("k", 1017012345) }, 9999999999.0},
		"Ints":      {func(c zerolog.Context) zerolog.Context { return c.Ints("k", []int{31010112345, 2}) }, []any{masked, 2.0}},
		"Uint64":    {func(c zerolog.Context) zerolog.Context { return c.Uint64("k", math.MaxUint64) }, float64(math.MaxUint64)},
		"Float64":   {func(c zerolog.Context) zerolog.Context { return c.Float64("k", 59.12121212345) }, 59.12121212345},
		"NaN":       {func(c zerolog.Context) zerolog.Context { return c.Float64("k", math.NaN()) }, "NaN"},
		"Err":       {func(c zerolog.Context) zerolog.Context { return c.AnErr("k", errors.New("of 01017012345")) }, "of ***********"},
		"Time":      {func(c zerolog.Context) zerolog.Context { return c.Time("k", at) }, "2026-05-17T12:00:00Z"},
		"Dur":       {func(c zerolog.Context) zerolog.Context { return c.Dur("k", time.Second) }, 1000.0},
		"IPAddr":    {func(c zerolog.Context) zerolog.Context { return c.IPAddr("k", net.IPv4(127, 0, 0, 1)) }, "127.0.0.1"},
		"Dict":      {func(c zerolog.Context) zerolog.Context { return c.Dict("k", zerolog.Dict().Str("token", "zqvkwxj")) }, map[string]any{"token": "REDACTED"}},
		"Interface": {func(c zerolog.Context) zerolog.Context { return c.Interface("k", pair{"01017012345", "zqvkwxj"}) }, map[string]any{"ident": "***********", "token": "REDACTED"}},
		"nil":       {func(c zerolog.Context) zerolog.Context { return c.Interface("k", nil) }, nil},
		"a func":    {func(c zerolog.Context) zerolog.Context { return c.Interface("k", func() {}) }, "marshaling error: json: unsupported type: func()"},
	} {
		got, has := lineOf(t, func(log zerolog.Logger) { log = tt.add(log.With()).Logger(); log.Info().Msg("m") })["k"]
		if !has || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %#v, want %#v", name, got, tt.want)
		}
	}
}

func TestNames(t *testing.T) {
	for name, tt := range map[string]struct {
		log  func(zerolog.Logger)
		want map[string]any
	}{
		"a credential": {func(log zerolog.Logger) { log.Info().Str("password", "zqvkwxj").Msg("of 01017012345") }, map[string]any{"password": "REDACTED", "message": "of ***********"}},
		"the own names": {func(log zerolog.Logger) {
			log.Info().Str("level", "l").Str("time", "t").Str("message", "x").Timestamp().Msg("m")
		}, map[string]any{"level": "INFO", "message": "m", "fields.level": "l", "fields.time": "t", "fields.message": "x"}},
		"no message": {func(log zerolog.Logger) { log.Info().Str("a", "b").Send() }, map[string]any{"message": "", "a": "b"}},
		"no level":   {func(log zerolog.Logger) { log.Log().Str("level", "l").Msg("m") }, map[string]any{"level": "INFO", "fields.level": "l"}},
		"error.type": {func(log zerolog.Logger) {
			log.Error().Str("error.type", "*x.E").Str("stack_trace", "main.deep").Msg("m")
		}, map[string]any{"error.type": "*x.E", "stack_trace": "main.deep"}},
		"caller":          {func(log zerolog.Logger) { log = log.With().Str("caller", "a.go:1").Logger(); log.Info().Msg("m") }, map[string]any{"caller": "a.go:1"}},
		"twice":           {func(log zerolog.Logger) { log.Info().Str("time", "a").Str("b", "c").Msg("m") }, map[string]any{"b": "c"}},
		"wrong JSON":      {func(log zerolog.Logger) { log.Error().RawJSON("k", []byte(`{01017012345`)).Msg("m") }, map[string]any{"level": "ERROR", "message": `{"level":"error","k":{***********,"message":"m"}`}},
		"JSON that ended": {func(log zerolog.Logger) { log.Info().RawJSON("k", []byte(`1}`)).Msg("m") }, map[string]any{"message": `{"level":"info","k":1},"message":"m"}`}},
	} {
		line := lineOf(t, tt.log)
		for key, want := range tt.want {
			if line[key] != want {
				t.Errorf("%s: %s: got %v, want %v", name, key, line[key], want)
			}
		}
	}
}

func TestPanicHasItsStack(t *testing.T) {
	line := lineOf(t, func(log zerolog.Logger) {
		defer func() { log.Error().Interface("panic", recover()).Msg("m") }()
		explode()
	})
	if stack, _ := line["stack_trace"].(string); !strings.Contains(stack, "explode(") {
		t.Errorf("got %v", line)
	}
}

func explode() { panic("boom") }

func TestSpan(t *testing.T) {
	for name, tt := range map[string]struct {
		log        func(zerolog.Logger)
		trace, own any
		span       any
	}{
		"no context":        {func(log zerolog.Logger) { log.Info().Msg("m") }, nil, nil, nil},
		"of the event":      {func(log zerolog.Logger) { log.Info().Ctx(spanContext()).Msg("m") }, traceID, nil, spanID},
		"of the logger":     {func(log zerolog.Logger) { log = log.With().Ctx(spanContext()).Logger(); log.Info().Msg("m") }, traceID, nil, spanID},
		"no span":           {func(log zerolog.Logger) { log.Info().Ctx(context.Background()).Msg("m") }, nil, nil, nil},
		"suppressed":        {func(log zerolog.Logger) { log.Info().Ctx(suppress.Context(context.Background())).Msg("m") }, nil, nil, nil},
		"the program's own": {func(log zerolog.Logger) { log.Info().Str("trace_id", "mine").Msg("m") }, "mine", nil, nil},
		"both":              {func(log zerolog.Logger) { log.Info().Str("trace_id", "mine").Ctx(spanContext()).Msg("m") }, traceID, "mine", spanID},
		"not valid":         {func(log zerolog.Logger) { log.Info().Str("trace_id", "mine").Str("span_id", "x").Msg("m") }, "mine", nil, "x"},
	} {
		line := lineOf(t, tt.log)
		if line["trace_id"] != tt.trace || line["span_id"] != tt.span || line["fields.trace_id"] != tt.own {
			t.Errorf("%s: got %v", name, line)
		}
	}
}

func TestOutputKeepsTheIDs(t *testing.T) {
	var buf bytes.Buffer
	log := zerologtrace.Logger(&bytes.Buffer{}).Output(&buf)
	log.Info().Ctx(spanContext()).Msg("m")
	if line := oteltest.ParseLine(t, buf.Bytes()); line["trace_id"] != traceID || line["span_id"] != spanID || line["level"] != "info" {
		t.Errorf("got %v", line)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestErrorOfWriter(t *testing.T) {
	var got error
	zerolog.ErrorHandler = func(err error) { got = err }
	defer func() { zerolog.ErrorHandler = nil }()
	log := zerologtrace.Logger(full{})
	log.Info().Msg("m")
	if got == nil || got.Error() != "full" {
		t.Errorf("got %v", got)
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
	log := zerologtrace.Logger(&out)
	log.Info().Str("marker", "TEAM_LOGS").Str("ident", "01017012345").Msg("m")
	if err := shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if out.Len() != 0 || oteltest.ParseLine(t, team.Bytes())["ident"] != "01017012345" {
		t.Errorf("got log %q and team %q", &out, &team)
	}
}

func TestLoggerIsSafeForConcurrentUse(t *testing.T) {
	var buf bytes.Buffer
	log := zerologtrace.Logger(&buf)
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			log := log.With().Int("i", i).Logger()
			for n := range 200 {
				log.Info().Ctx(spanContext()).Int("n", n).Msg("m")
			}
		})
	}
	wait.Wait()
	next := map[any]float64{}
	for text := range bytes.Lines(buf.Bytes()) {
		line := oteltest.ParseLine(t, text)
		if line["n"] != next[line["i"]] {
			t.Fatalf("got %v, want number %v", line, next[line["i"]])
		}
		next[line["i"]]++
	}
	if len(next) != 8 {
		t.Errorf("got lines of %d goroutines", len(next))
	}
}
