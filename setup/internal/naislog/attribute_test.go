package naislog_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

type request struct{ took time.Duration }

func (r request) LogValue() slog.Value { return slog.GroupValue(slog.Duration("took", r.took)) }

// reserved is a LogValuer. Its value has an attribute with the name of a field of the line.
type reserved struct{}

func (reserved) LogValue() slog.Value { return slog.GroupValue(slog.String("level", "mine")) }

func TestLogHandlerWritesDurationsOfValuersAsText(t *testing.T) {
	took := 31011234567 * time.Nanosecond // in nanoseconds, it looks like a personal number
	for name, log := range map[string]func(*slog.Logger){
		"record": func(l *slog.Logger) { l.Info("m", "request", request{took}) },
		"with":   func(l *slog.Logger) { l.With("request", request{took}).Info("m") },
	} {
		line := logged(t, nil, log)
		if got := line["request"].(map[string]any)["took"]; got != "31.011234567s" {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestLogHandlerHasEachFieldOnce(t *testing.T) {
	inline := slog.Group("", "level", "mine", "trace_id", "mine", slog.Group("", "message", "mine"))
	for name, log := range map[string]func(*slog.Logger){
		"inline group":        func(l *slog.Logger) { l.InfoContext(remote(sampledParent), "m", inline) },
		"inline group, with":  func(l *slog.Logger) { l.With(inline).InfoContext(remote(sampledParent), "m") },
		"inline valuer":       func(l *slog.Logger) { l.Info("m", "", reserved{}) },
		"span alone, with":    func(l *slog.Logger) { l.With("span_id", "mine").InfoContext(remote(sampledParent), "m") },
		"trace and span,with": func(l *slog.Logger) { l.With("trace_id", "t", "span_id", "s").InfoContext(remote(sampledParent), "m") },
	} {
		var buf bytes.Buffer
		log(slog.New(newHandler(&buf, nil)))
		for _, key := range []string{"level", "message", "trace_id", "span_id"} {
			if n := strings.Count(buf.String(), `"`+key+`":`); n > 1 {
				t.Errorf("%s: the line has %s %d times: %s", name, key, n, buf.String())
			}
		}
	}
}
