package setup_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nais/spor/internal/oteltest"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/setup"
)

// numberOf has fields of many numeric types. All fields have the same personal number.
type numberOf struct {
	Int     int64
	Uint    *uint64
	Float   float64
	List    []int64
	Array   [1]int
	Keys    map[int64]string
	Any     any
	Number  json.Number
	Big     *big.Int
	Private int64 `json:"fnr,omitempty"`
}

type numberValuer struct{ n int64 }

func (v numberValuer) LogValue() slog.Value { return slog.GroupValue(slog.Int64("fnr", v.n)) }

func TestLogsHaveNoPersonalNumbersAsNumbers(t *testing.T) {
	c := listenForLogs(t)
	shutdown := exportLogs(t, c.Endpoint())
	var out bytes.Buffer
	logger := slog.New(setup.LogHandler(&out, nil))
	for _, n := range []int64{5019012345, 31129912345} {
		u := uint64(n)
		logger.With("fnr", n).WithGroup("g").Info("m", "fnr", n, "u", u, "f", float64(n), "number", json.Number(strconv.FormatInt(n, 10)), "e", json.Number(fmt.Sprintf("%.9e", float64(n))),
			"list", []int64{n}, "floats", []float64{float64(n)}, "key", map[int64]int64{n: n}, "any", map[string]any{"n": n}, slog.Group("g", "fnr", n), "valuer", numberValuer{n},
			"struct", numberOf{n, &u, float64(n), []int64{n}, [1]int{int(n)}, map[int64]string{n: "x"}, n, json.Number(strconv.FormatInt(n, 10)), big.NewInt(n), n}, "error", fmt.Errorf("of 31129912345: %w", errors.ErrUnsupported))
		var r log.Record
		r.SetBody(attribute.Int64Value(n))
		r.AddAttributes(attribute.Int64("n", n), attribute.Int64Slice("list", []int64{n}), attribute.Float64Slice("floats", []float64{float64(n)}))
		otel.GetLoggerProvider().Logger("test").Emit(t.Context(), r)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC)
	kept := map[string]any{"s": now.Unix(), "ms": now.UnixMilli(), "us": now.UnixMicro(), "ns": now.UnixNano(), "f": 59.12121212345, "messaging.kafka.offset": int64(5019012345)}
	logger.Info("m", "kept", kept)
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	oteltest.ParseLines(t, out.String())
	offset := regexp.MustCompile(`"messaging.kafka.offset"(:| +value:{int_value:)5019012345`)
	for where, text := range map[string]string{"log": out.String(), "OTLP": fmt.Sprint(c.all())} {
		if !offset.MatchString(text) {
			t.Errorf("%s: the offset is lost: %s", where, text)
		}
		text = offset.ReplaceAllString(text, "")
		for _, leak := range []string{"5019012345", "31129912345", "5.019012345", "3.1129912345"} {
			if at := strings.Index(text, leak); at >= 0 {
				t.Errorf("%s: %s was written: %s", where, leak, text[max(0, at-60):at+20])
			}
		}
		for _, want := range []any{kept["s"], kept["ms"], kept["us"], kept["ns"], kept["f"]} {
			if !strings.Contains(text, fmt.Sprint(want)) {
				t.Errorf("%s: %v is lost", where, want)
			}
		}
	}
}

func TestSpansHaveNoPersonalNumbersAsNumbers(t *testing.T) {
	c := listen(t, ":0")
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "OTEL_METRICS_EXPORTER", "none")
	logLines(t)
	shutdown := mustStart(t)
	for _, n := range []int64{5019012345, 31129912345} {
		f := float64(n)
		attrs := []attribute.KeyValue{
			attribute.Int64("n", n), attribute.Float64("f", f), attribute.Int64Slice("list", []int64{1, n}), attribute.Float64Slice("floats", []float64{f}),
			attribute.Slice("slice", attribute.Int64Value(n)), attribute.Map("map", attribute.Float64("f", f)), attribute.Int64("epoch", 1767323045),
			attribute.Int64("messaging.kafka.offset", 1019012345),
		}
		_, span := otel.Tracer("scope", trace.WithInstrumentationAttributes(attrs[0])).Start(t.Context(), "work", trace.WithAttributes(attrs...), trace.WithLinks(trace.Link{Attributes: attrs}))
		span.AddEvent("event", trace.WithAttributes(attrs...))
		span.End()
	}
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := string(c.bytes)
	for _, leak := range []string{"5019012345", "31129912345", "5.019012345e+09", "3.1129912345e+10"} {
		if at := strings.Index(all, leak); at >= 0 {
			t.Errorf("%s was exported: %s", leak, all[max(0, at-80):at+20])
		}
	}
	for key, want := range map[string]string{"n": "99999999999", "epoch": "1767323045", "messaging.kafka.offset": "1019012345", "messaging.kafka.message.offset": "1019012345"} {
		if got := attributeOf(c.spans[0], key); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
}
