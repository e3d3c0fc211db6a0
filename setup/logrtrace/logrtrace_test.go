package logrtrace_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"testing"
	"testing/slogtest"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel/propagation"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/setup"
	"github.com/nais/spor/setup/logrtrace"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"
)

func spanContext(id string) context.Context {
	return propagation.TraceContext{}.Extract(context.Background(),
		propagation.MapCarrier{"traceparent": "00-" + traceID + "-" + id + "-01"})
}

// lineOf returns the line that a logger with a handler for all levels writes when log is
// called.
func lineOf(t *testing.T, log func(logr.Logger)) map[string]any {
	t.Helper()
	var buf bytes.Buffer
	log(logrtrace.Logger(setup.LogHandler(&buf, &slog.HandlerOptions{Level: slog.Level(-128)})))
	return oteltest.ParseLine(t, buf.Bytes())
}

func TestLevels(t *testing.T) {
	for v, want := range []string{"INFO", "DEBUG", "DEBUG", "DEBUG", "DEBUG", "TRACE", "TRACE", "TRACE", "TRACE", "TRACE", "TRACE"} {
		if got := lineOf(t, func(log logr.Logger) { log.V(v).Info("m") })["level"]; got != want {
			t.Errorf("V(%d): got %v, want %s", v, got, want)
		}
	}
	if logrtrace.Logger(setup.LogHandler(&bytes.Buffer{}, nil)).V(1).Enabled() {
		t.Error("V(1) is enabled by default")
	}
}

func TestError(t *testing.T) {
	for name, tt := range map[string]struct {
		log  func(logr.Logger)
		kind any
		text any
	}{
		"Error":      {func(log logr.Logger) { log.Error(&fs.PathError{Op: "open", Path: "q", Err: errors.New("gone")}, "m") }, "*fs.PathError", "open q: gone"},
		"nil":        {func(log logr.Logger) { log.Error(nil, "m") }, nil, nil},
		"V":          {func(log logr.Logger) { log.V(3).Error(errors.New("gone"), "m") }, "*errors.errorString", "gone"},
		"WithValues": {func(log logr.Logger) { log.WithValues("err", errors.New("gone")).Error(nil, "m") }, "*errors.errorString", "gone"},
	} {
		if line := lineOf(t, tt.log); line["level"] != "ERROR" || line["error.type"] != tt.kind || line["err"] != tt.text {
			t.Errorf("%s: got %v", name, line)
		}
	}
}

func TestSpan(t *testing.T) {
	const other = "00f067aa0ba902b7"
	for name, tt := range map[string]struct {
		log        func(logr.Logger)
		trace, own any
		span       any
	}{
		"no context":          {func(log logr.Logger) { log.Info("m") }, nil, nil, nil},
		"a value of the line": {func(log logr.Logger) { log.Info("m", "ctx", spanContext(spanID)) }, traceID, nil, spanID},
		"an error":            {func(log logr.Logger) { log.Error(nil, "m", "ctx", spanContext(spanID)) }, traceID, nil, spanID},
		"WithValues":          {func(log logr.Logger) { log.WithValues("ctx", spanContext(spanID)).Info("m") }, traceID, nil, spanID},
		"WithName":            {func(log logr.Logger) { log.WithValues("ctx", spanContext(spanID)).WithName("x").V(1).Info("m") }, traceID, nil, spanID},
		"no span":             {func(log logr.Logger) { log.Info("m", "ctx", context.Background()) }, nil, nil, nil},
		"a nil context":       {func(log logr.Logger) { log.Info("m", "other", context.Context(nil)) }, nil, nil, nil},
		"the line counts":     {func(log logr.Logger) { log.WithValues("c", spanContext(other)).Info("m", "ctx", spanContext(spanID)) }, traceID, nil, spanID},
		"the last value": {func(log logr.Logger) {
			log.WithValues("c", spanContext(other)).WithValues("ctx", spanContext(spanID)).Info("m")
		}, traceID, nil, spanID},
		"the program's own": {func(log logr.Logger) { log.WithValues("trace_id", "mine", "ctx", spanContext(spanID)).Info("m") }, "mine", nil, nil},
		"through slog":      {func(log logr.Logger) { slog.New(logr.ToSlogHandler(log)).InfoContext(spanContext(spanID), "m") }, traceID, nil, spanID},
		"slog without context": {func(log logr.Logger) {
			slog.New(logr.ToSlogHandler(log.WithValues("ctx", spanContext(spanID)))).WithGroup("g").Info("m")
		}, traceID, nil, spanID},
		"slog counts": {func(log logr.Logger) {
			slog.New(logr.ToSlogHandler(log.WithValues("ctx", spanContext(other)))).InfoContext(spanContext(spanID), "m")
		}, traceID, nil, spanID},
	} {
		line := lineOf(t, tt.log)
		if _, has := line["ctx"]; has || line["trace_id"] != tt.trace || line["span_id"] != tt.span || line["fields.trace_id"] != tt.own {
			t.Errorf("%s: got %v", name, line)
		}
	}
}

func TestValues(t *testing.T) {
	line := lineOf(t, func(log logr.Logger) {
		log.WithName("a").WithName("b").WithValues("ident", "01017012345", "password", "zqvkwxj", "ctx", spanContext(spanID)).Info("of 01017012345", "n", 1, "odd")
	})
	for key, want := range map[string]any{
		"logger": "a/b", "ident": "***********", "password": "REDACTED", "message": "of ***********", "n": 1.0, "!BADKEY": "odd", "level": "INFO",
	} {
		if line[key] != want {
			t.Errorf("%s: got %v, want %v", key, line[key], want)
		}
	}
}

// TestSuite runs the suite of slog with the handler of a logger.
func TestSuite(t *testing.T) {
	var buf bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		buf.Reset()
		return logr.ToSlogHandler(logrtrace.Logger(setup.LogHandler(&buf, nil)))
	}, func(t *testing.T) map[string]any {
		t.Helper()
		var line map[string]any
		if err := json.Unmarshal(buf.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		line["msg"] = line["message"]
		return line
	})
}
