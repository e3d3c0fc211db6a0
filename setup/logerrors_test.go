package setup_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/setup"
)

// TestErrorsAreExportedAsInTheLine checks that an exported record has each error that the line
// has, with the same text and in the same place. The exception is the first error
// of the record, or else the first error of With.
func TestErrorsAreExportedAsInTheLine(t *testing.T) {
	first, second := errors.New("first"), fmt.Errorf("second: %w", io.ErrUnexpectedEOF)
	for name, log := range map[string]func(*slog.Logger){
		"record":      func(l *slog.Logger) { l.Error("m", "a", first, "b", second) },
		"with":        func(l *slog.Logger) { l.With("a", first).Error("m", "b", second) },
		"with both":   func(l *slog.Logger) { l.With("a", first, "b", second).Error("m") },
		"with, twice": func(l *slog.Logger) { l.With("a", first).With("b", second).Error("m") },
		"groups":      func(l *slog.Logger) { l.WithGroup("g").Error("m", "a", first, slog.Group("h", "b", second)) },
		"with, group": func(l *slog.Logger) { l.With("a", first).WithGroup("g").With("b", second).Error("m", "c", 1) },
		"valuers":     func(l *slog.Logger) { l.Error("m", "a", errorValuer{first}, "b", errorValuer{second}) },
		"list":        func(l *slog.Logger) { l.Error("m", "a", []error{first, second}, "b", second) },
		"one key":     func(l *slog.Logger) { l.Error("m", "a", first, "b", map[string]any{"n": 1}, "c", second) },
	} {
		c := listenForLogs(t)
		shutdown := exportLogs(t, c.Endpoint())
		var out bytes.Buffer
		log(slog.New(setup.LogHandler(&out, nil)))
		if err := shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		line := flat("", oteltest.ParseLines(t, out.String())[0], map[string]string{})
		record := map[string]string{}
		for _, kv := range c.all()[0].GetAttributes() {
			flatValue(kv.GetKey(), kv.GetValue(), record)
		}
		for key, want := range line {
			switch key {
			case "time", "level", "message", "error.type":
				continue
			}
			if record[key] != want {
				t.Errorf("%s: %s is %q in the record, but %q in the line", name, key, record[key], want)
			}
		}
		want := "first"
		if name == "with" { // the record's own error wins
			want = second.Error()
		}
		if record["exception.type"] != "*errors.errorString" || record["exception.message"] != want || line["error.type"] != "*errors.errorString" {
			t.Errorf("%s: got %v, want the exception %q", name, record, want)
		}
	}
}

type errorValuer struct{ err error }

func (v errorValuer) LogValue() slog.Value { return slog.AnyValue(v.err) }

// flat adds all texts and numbers below value to into, with the path of each.
func flat(path string, value any, into map[string]string) map[string]string {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			flat(strings.TrimPrefix(path+"/"+key, "/"), inner, into)
		}
	case []any:
		for i, inner := range v {
			flat(fmt.Sprintf("%s/%d", path, i), inner, into)
		}
	default:
		into[path] = fmt.Sprint(v)
	}
	return into
}

func flatValue(path string, value *commonpb.AnyValue, into map[string]string) {
	switch {
	case value.GetKvlistValue() != nil:
		for _, kv := range value.GetKvlistValue().GetValues() {
			flatValue(path+"/"+kv.GetKey(), kv.GetValue(), into)
		}
	case value.GetArrayValue() != nil:
		for i, inner := range value.GetArrayValue().GetValues() {
			flatValue(fmt.Sprintf("%s/%d", path, i), inner, into)
		}
	default:
		into[path] = value.GetStringValue()
		if _, isInt := value.GetValue().(*commonpb.AnyValue_IntValue); isInt {
			into[path] = strconv.FormatInt(value.GetIntValue(), 10)
		}
	}
}

// TestExportsHaveTheAttributesOfTheLine checks that ReplaceAttr applies to exported records, and
// that values are those of the time of the log call, also in With.
func TestExportsHaveTheAttributesOfTheLine(t *testing.T) {
	c := listenForLogs(t)
	shutdown := exportLogs(t, c.Endpoint())
	replace := func(groups []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case "ident":
			return slog.Attr{}
		case "old":
			return slog.String("new", strings.Join(groups, "/"))
		}
		return a
	}
	var out bytes.Buffer
	values := []string{"first"}
	l := slog.New(setup.LogHandler(&out, &slog.HandlerOptions{ReplaceAttr: replace})).With("ident", "x", "old", 1, "values", values).WithGroup("g")
	values[0] = "second"
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	l.With("ident", "x", "old", 1).Info("m", "ident", "x", "old", 1, "level", "mine", "at", at, "large", uint64(1<<63), "took", time.Second,
		slog.Group("h", "old", 1, "ident", 1, slog.Group("empty", "ident", 1)))
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	line := flat("", oteltest.ParseLines(t, out.String())[0], map[string]string{})
	record := map[string]string{}
	for _, kv := range c.all()[0].GetAttributes() {
		flatValue(kv.GetKey(), kv.GetValue(), record)
	}
	for _, key := range []string{"time", "level", "message"} {
		delete(line, key)
	}
	line["g/large"] = "9223372036854775808" // JSON numbers are read as floats
	if !maps.Equal(line, record) || record["values/0"] != "first" || len(record) != 8 {
		t.Errorf("line   %v\nrecord %v", line, record)
	}
}
