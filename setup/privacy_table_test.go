package setup_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/sirupsen/logrus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/receiver"
	"github.com/nais/spor/setup"
	"github.com/nais/spor/setup/logrustrace"
)

// cellKey is the attribute that identifies a record, a span or a data point of the test.
const cellKey = "cell"

// TestMaskedAsDocumented sends every form of docs/privacy.md for every kind of number through every
// place. It fails if something is written that the page calls masked, or if something is changed
// that the page calls not masked. In short mode, it writes a tenth of the samples.
func TestMaskedAsDocumented(t *testing.T) {
	page := readPrivacyPage(t)
	checkPlaces(t, page, samplesOf(t, page))
}

// checkPlaces writes samples to all places, and compares what has arrived with the page.
func checkPlaces(t *testing.T, page privacyPage, samples []sample, opts ...setup.Option) {
	t.Helper()
	o := newOutlets(t, opts...)
	type cell struct {
		place  []string
		sample sample
		sinks  []string
	}
	var cells []cell
	all := 0
	for _, row := range page.places {
		p, known := places[row[0]]
		if !known {
			t.Errorf("docs/privacy.md: no code writes to the place %q", row[0])
			continue
		}
		for _, s := range samples {
			for _, write := range p.writers(s) {
				if all++; testing.Short() && all%10 > 0 {
					continue
				}
				o.cell = len(cells)
				write(o)
				cells = append(cells, cell{row, s, p.sinks})
			}
		}
	}
	if len(page.places) != len(places) {
		t.Errorf("docs/privacy.md: got %d places, want %d", len(page.places), len(places))
	}
	arrived := o.close(t)
	columns := map[string]int{"text": 1, "key": 2, "number": 3, "name": 4}
	failed := map[string]bool{}
	for id, c := range cells {
		written := c.place[columns[c.sample.column]]
		for _, sink := range c.sinks {
			problem := c.sample.problem(written, arrived[sink][id])
			// One failure of a cell of the page is enough.
			if what := fmt.Sprintf("%s (%s): %s in a %s", c.place[0], sink, c.sample.form, c.sample.column); problem != "" && !failed[what] {
				failed[what] = true
				t.Errorf("%s: %q %s: %s, got %.300q", what, c.sample.name, c.sample.text(), problem, arrived[sink][id])
			}
		}
	}
	t.Logf("%d samples, written %d times", len(samples), len(cells))
}

// The method problem compares the texts that have arrived with the page. written is the cell of the
// table of places.
func (s sample) problem(written string, texts []string) string {
	has := func(part string) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, part) })
	}
	switch {
	case texts == nil:
		return "nothing has arrived"
	case written == "":
		return "the page says nothing about this place"
	case s.isSafe || strings.HasPrefix(written, "not "):
		if !has(s.text()) {
			return "it is changed"
		}
	case has(s.secret):
		return "it is not masked"
	case !has(leaf(s.masked)):
		return "want " + leaf(s.masked)
	}
	return ""
}

// A place is a row of the third table.
type place struct {
	// writers returns a function for each way to write s to the place. The result is empty if s
	// has another column.
	writers func(s sample) []func(*outlets)
	sinks   []string // where the text arrives: log, otlp, hook, team
}

var (
	inLog  = []string{"log", "otlp"}
	inOTLP = []string{"otlp"}
)

// slogArgs returns a place. The argument args returns arguments of one or more log calls.
func slogArgs(args func(s sample) [][]any) place {
	return place{sinks: inLog, writers: func(s sample) (all []func(*outlets)) {
		for _, a := range args(s) {
			all = append(all, func(o *outlets) { o.log.With(cellKey, o.cell).Info("m", a...) })
			if len(a) == 2 {
				all = append(all, func(o *outlets) { o.log.With(cellKey, o.cell).With(a...).Info("m") })
			}
		}
		return all
	}}
}

// jsonValue is a json.Marshaler.
type jsonValue struct{ v any }

func (v jsonValue) MarshalJSON() ([]byte, error) { return json.Marshal(v.v) }

func structOf(name string, value any) any {
	t := reflect.StructOf([]reflect.StructField{{Name: "F", Type: reflect.TypeOf(value), Tag: reflect.StructTag(`json:` + strconv.Quote(name))}})
	v := reflect.New(t).Elem()
	v.Field(0).Set(reflect.ValueOf(value))
	return v.Interface()
}

var places = map[string]place{
	"log: message": {sinks: inLog, writers: func(s sample) []func(*outlets) {
		return s.inText(func(o *outlets, text string) { o.log.Info(text, cellKey, o.cell) })
	}},
	"log: attribute of type string, bool, int, uint, float, or a `LogValuer`": slogArgs(func(s sample) [][]any {
		switch s.column {
		case "text":
			return [][]any{{"k", s.in}, {"k", valuer{slog.AnyValue(s.in)}}}
		case "key":
			return [][]any{{s.in, 1}, {s.in, "x"}, {s.in, true}}
		case "name":
			return [][]any{{s.name, s.in}, {s.name, valuer{slog.AnyValue(s.in)}}}
		}
		all := [][]any{{"k", s.in}, {"k", valuer{slog.AnyValue(s.in)}}}
		if n, ok := s.in.(int64); ok {
			all = append(all, []any{"k", float64(n)}, []any{"k", json.Number(s.text())})
			if n > 0 {
				all = append(all, []any{"k", uint64(n)})
			}
		}
		return all
	}),
	"log: bytes": slogArgs(func(s sample) [][]any {
		switch text, _ := s.in.(string); s.column {
		case "text":
			return [][]any{{"k", []byte(text)}, {"k", map[string][]byte{"k": []byte(text)}}, {"k", struct{ B []byte }{[]byte(text)}}}
		case "name":
			return [][]any{{s.name, []byte(text)}, {"k", map[string][]byte{s.name: []byte(text)}}}
		}
		return nil
	}),
	"log: slice or array": slogArgs(func(s sample) [][]any {
		switch in := s.in.(type) {
		case string:
			if s.column != "key" {
				return [][]any{{s.orK(), []string{in}}, {s.orK(), []any{in, 1}}, {s.orK(), [1]string{in}}, {s.orK(), [][]string{{"x", in}}}}
			}
		case int64:
			return [][]any{{"k", []int64{1, in}}, {"k", []any{in}}, {"k", [1]float64{float64(in)}}}
		case float64:
			return [][]any{{"k", []float64{in}}}
		}
		return nil
	}),
	"log: map, `http.Header`, `url.Values`": slogArgs(func(s sample) [][]any {
		if s.column == "key" {
			all := [][]any{{"k", map[string]int{s.text(): 1}}, {"k", map[string]any{"k": map[string]any{s.text(): "x"}}}}
			if n, err := strconv.ParseInt(s.text(), 10, 64); err == nil && strconv.FormatInt(n, 10) == s.text() {
				all = append(all, []any{"k", map[int64]string{n: "x"}})
			}
			return all
		}
		all := [][]any{{"k", map[string]any{s.orK(): s.in}}, {"k", map[string]any{"k": map[string]any{s.orK(): []any{s.in}}}}}
		if text, ok := s.in.(string); ok {
			all = append(all, []any{"k", http.Header{s.orK(): {text}}}, []any{"k", url.Values{s.orK(): {text}}}, []any{s.orK(), map[string]string{"k": text}})
		}
		return all
	}),
	"log: struct, pointer, `json.Marshaler`": slogArgs(func(s sample) [][]any {
		if s.column == "key" {
			return nil
		}
		one := structOf(s.orK(), s.in)
		return [][]any{{"k", one}, {"k", &one}, {"k", jsonValue{one}}, {"k", []any{one}}, {s.orK(), jsonValue{s.in}}, {s.orK(), struct{ X any }{s.in}}}
	}),
	"log: error, wrapped error, joined errors": slogArgs(func(s sample) [][]any {
		if text, ok := s.in.(string); ok && s.column != "key" {
			err := errors.New(text)
			return [][]any{{s.orK(), err}, {s.orK(), fmt.Errorf("x: %w", err)}, {s.orK(), errors.Join(errors.ErrUnsupported, err)}, {s.orK(), []error{err}}, {"k", errors.ErrUnsupported, s.orK(), err}}
		}
		return nil
	}),
	"log: group, also of `WithGroup`": {sinks: inLog, writers: func(s sample) []func(*outlets) {
		key, value := s.orK(), s.in
		if s.column == "key" {
			key, value = s.text(), 1
		}
		all := []func(*outlets){
			func(o *outlets) { o.log.Info("m", cellKey, o.cell, slog.Group("g", key, value)) },
			func(o *outlets) { o.log.Info("m", cellKey, o.cell, slog.Group("g", slog.Group("h", key, value))) },
			func(o *outlets) { o.log.Info("m", cellKey, o.cell, "k", valuer{slog.GroupValue(slog.Any(key, value))}) },
			func(o *outlets) { o.log.With(cellKey, o.cell).WithGroup("g").Info("m", key, value) },
			func(o *outlets) { o.log.With(cellKey, o.cell).WithGroup("g").With(key, value).WithGroup("h").Info("m") },
		}
		if s.column == "name" || s.column == "key" {
			all = append(all,
				func(o *outlets) { o.log.Info("m", cellKey, o.cell, slog.Group(key, "k", value)) },
				func(o *outlets) { o.log.With(cellKey, o.cell).WithGroup(key).Info("m", "k", value) },
				func(o *outlets) { o.log.With(cellKey, o.cell).WithGroup(key).With("k", value).Info("m") })
		}
		return all
	}},
	"log record of OpenTelemetry's API: body and attributes": {sinks: inOTLP, writers: func(s sample) []func(*outlets) {
		return s.inAttributes(func(o *outlets, a attribute.KeyValue) {
			var r log.Record
			if r.SetBody(attribute.MapValue(a)); a.Key == "k" {
				r.SetBody(a.Value)
			}
			r.AddAttributes(attribute.Int(cellKey, o.cell), a)
			otel.GetLoggerProvider().Logger("test").Emit(o.t.Context(), r)
		})
	}},
	"logrus with `logrustrace.Formatter`: message and fields": {sinks: inLog, writers: func(s sample) []func(*outlets) {
		return s.inLogrus(func(o *outlets) *logrus.Logger { return o.formatted })
	}},
	"logrus with `logrustrace.Hook`": {sinks: []string{"hook"}, writers: func(s sample) []func(*outlets) {
		return s.inLogrus(func(o *outlets) *logrus.Logger { return o.hooked })
	}},
	"record for Team Logs": {sinks: []string{"team"}, writers: func(s sample) []func(*outlets) {
		team := func(o *outlets) *slog.Logger { return o.log.With(setup.TeamLogs(), cellKey, o.cell) }
		switch s.column {
		case "key":
			return []func(*outlets){func(o *outlets) { team(o).Info("m", s.text(), 1) }}
		case "text":
			return []func(*outlets){func(o *outlets) { team(o).Info(s.text(), "k", map[string]any{"k": s.in}) }}
		}
		return []func(*outlets){func(o *outlets) { team(o).Info("m", s.orK(), s.in) }}
	}},
	"span: name, status, recorded error": {sinks: inOTLP, writers: func(s sample) []func(*outlets) {
		return append(s.inText(func(o *outlets, text string) { o.span(text, func(trace.Span) {}) }), append(
			s.inText(func(o *outlets, text string) {
				o.span("work", func(span trace.Span) { span.SetStatus(codes.Error, text) })
			}),
			s.inText(func(o *outlets, text string) {
				o.span("work", func(span trace.Span) { span.RecordError(fmt.Errorf("x: %w", errors.New(text))) })
			})...)...)
	}},
	"span: attribute": {sinks: inOTLP, writers: func(s sample) []func(*outlets) {
		return append(s.inAttributes(func(o *outlets, a attribute.KeyValue) {
			o.span("work", func(trace.Span) {}, trace.WithAttributes(a))
		}), s.inAttributes(func(o *outlets, a attribute.KeyValue) {
			o.span("work", func(span trace.Span) { span.SetAttributes(a) })
		})...)
	}},
	"span: name and attribute of an event": {sinks: inOTLP, writers: func(s sample) []func(*outlets) {
		return append(s.inAttributes(func(o *outlets, a attribute.KeyValue) {
			o.span("work", func(span trace.Span) { span.AddEvent("event", trace.WithAttributes(a)) })
		}), s.inText(func(o *outlets, text string) {
			o.span("work", func(span trace.Span) { span.AddEvent(text) })
		})...)
	}},
	"span: attribute of a link": {sinks: inOTLP, writers: func(s sample) []func(*outlets) {
		return s.inAttributes(func(o *outlets, a attribute.KeyValue) {
			o.span("work", func(trace.Span) {}, trace.WithLinks(trace.Link{Attributes: []attribute.KeyValue{a}}))
		})
	}},
	"metric: description": {sinks: inOTLP, writers: func(s sample) []func(*outlets) {
		return s.inText(func(o *outlets, text string) {
			counter, err := o.meter.Int64Counter(fmt.Sprint("orders", o.cell), metric.WithDescription(text))
			if err != nil {
				o.t.Error(err)
			}
			counter.Add(o.t.Context(), 1, metric.WithAttributes(attribute.Int(cellKey, o.cell)))
		})
	}},
	"metric: attribute": {sinks: inOTLP, writers: func(s sample) []func(*outlets) {
		return s.inAttributes(func(o *outlets, a attribute.KeyValue) {
			o.counter.Add(o.t.Context(), 1, metric.WithAttributes(attribute.Int(cellKey, o.cell), a))
		})
	}},
}

// orK returns the name of the text, or k if it has none.
func (s sample) orK() string {
	if s.name == "" {
		return "k"
	}
	return s.name
}

func (s sample) inText(write func(*outlets, string)) []func(*outlets) {
	if s.column != "text" {
		return nil
	}
	return []func(*outlets){func(o *outlets) { write(o, s.text()) }}
}

func (s sample) inLogrus(logger func(*outlets) *logrus.Logger) []func(*outlets) {
	key, value, message := s.orK(), s.in, "m"
	switch s.column {
	case "key":
		key, value = s.text(), 1
	case "text":
		message = s.text()
	}
	return []func(*outlets){func(o *outlets) {
		logger(o).WithFields(logrus.Fields{cellKey: o.cell, key: value}).Info(message)
	}}
}

// inAttributes calls write for an attribute of every type.
func (s sample) inAttributes(write func(*outlets, attribute.KeyValue)) (all []func(*outlets)) {
	for _, a := range s.attributes() {
		all = append(all, func(o *outlets) { write(o, a) })
	}
	return all
}

func (s sample) attributes() []attribute.KeyValue {
	if s.column == "key" {
		return []attribute.KeyValue{attribute.Int(s.text(), 1), attribute.String(s.text(), "x"), attribute.Map("k", attribute.Bool(s.text(), true))}
	}
	var values []attribute.Value
	switch in := s.in.(type) {
	case string:
		values = []attribute.Value{attribute.StringValue(in), attribute.StringSliceValue([]string{"x", in}), attribute.ByteSliceValue([]byte(in))}
	case int64:
		values = []attribute.Value{attribute.Int64Value(in), attribute.Int64SliceValue([]int64{in, 1}), attribute.Float64Value(float64(in)), attribute.Float64SliceValue([]float64{float64(in)})}
	case float64:
		values = []attribute.Value{attribute.Float64Value(in), attribute.Float64SliceValue([]float64{in})}
	}
	var all []attribute.KeyValue
	for _, v := range values {
		a := attribute.KeyValue{Key: attribute.Key(s.orK()), Value: v}
		all = append(all, a, attribute.Map("m", a), attribute.Slice(s.orK(), v))
	}
	if s.column == "name" {
		all = append(all, attribute.Map(s.name, attribute.KeyValue{Key: "k", Value: values[0]}))
	}
	return all
}

// outlets are the places to which the test writes. They also keep what has arrived.
type outlets struct {
	t        *testing.T
	cell     int
	shutdown func(context.Context) error

	log                *slog.Logger
	formatted, hooked  *logrus.Logger
	meter              metric.Meter
	counter            metric.Int64Counter
	lines, hooks, team oteltest.Lines

	mu       sync.Mutex
	messages []proto.Message // spans, log records and metrics
}

func newOutlets(t *testing.T, opts ...setup.Option) *outlets {
	t.Helper()
	o := &outlets{t: t}
	server, err := receiver.Listen(":0", receiver.Sink{Traces: o.takeSpans, Metrics: o.takeMetrics, Logs: o.takeLogs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	o.log = slog.New(setup.LogHandler(&o.lines, nil))
	o.formatted, o.hooked = logrus.New(), logrus.New()
	o.formatted.SetOutput(&o.lines)
	o.formatted.SetFormatter(logrustrace.Formatter())
	o.hooked.SetOutput(&o.hooks)
	o.hooked.SetFormatter(&logrus.JSONFormatter{})
	o.hooked.AddHook(logrustrace.Hook())
	logLines(t)
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(), "OTEL_LOGS_EXPORTER", "otlp", "OTEL_BLRP_MAX_QUEUE_SIZE", "1000000", "OTEL_GO_X_CARDINALITY_LIMIT", "0")
	provider := otel.GetLoggerProvider()
	t.Cleanup(func() { otel.SetLoggerProvider(provider) })
	o.shutdown = mustStart(t, append(opts, setup.WithTeamLogs(&o.team))...)
	o.meter = otel.Meter("test")
	if o.counter, err = o.meter.Int64Counter("orders"); err != nil {
		t.Fatal(err)
	}
	return o
}

// span records a span, and calls change before the span ends.
func (o *outlets) span(name string, change func(trace.Span), opts ...trace.SpanStartOption) {
	_, span := otel.Tracer("test").Start(o.t.Context(), name, append(opts, trace.WithAttributes(attribute.Int(cellKey, o.cell)))...)
	defer span.End()
	change(span)
}

func (o *outlets) keep(messages ...proto.Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.messages = append(o.messages, messages...)
}

func (o *outlets) takeSpans(_ context.Context, r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	for _, rs := range r.GetResourceSpans() {
		for _, ss := range rs.GetScopeSpans() {
			for _, span := range ss.GetSpans() {
				o.keep(span)
			}
		}
	}
	return nil, nil
}

func (o *outlets) takeLogs(_ context.Context, r *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
	for _, rl := range r.GetResourceLogs() {
		for _, sl := range rl.GetScopeLogs() {
			for _, record := range sl.GetLogRecords() {
				o.keep(record)
			}
		}
	}
	return nil, nil
}

// takeMetrics keeps a metric with one data point as a whole, and otherwise its data points.
func (o *outlets) takeMetrics(_ context.Context, r *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
	for _, rm := range r.GetResourceMetrics() {
		for _, sm := range rm.GetScopeMetrics() {
			for _, m := range sm.GetMetrics() {
				o.keepMetric(m)
			}
		}
	}
	return nil, nil
}

func (o *outlets) keepMetric(m *metricspb.Metric) {
	points := m.GetSum().GetDataPoints()
	if len(points) == 1 {
		o.keep(m)
		return
	}
	for _, point := range points {
		o.keep(point)
	}
}

// The method close stops telemetry. It returns the texts that have arrived in each sink, by cell.
func (o *outlets) close(t *testing.T) map[string]map[int][]string {
	t.Helper()
	if err := o.shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	arrived := map[string]map[int][]string{"otlp": {}}
	for _, m := range o.messages {
		var texts []string
		cell := -1
		walkMessage(m.ProtoReflect(), &texts, &cell)
		arrived["otlp"][cell] = append(arrived["otlp"][cell], texts...)
	}
	for sink, lines := range map[string]*oteltest.Lines{"log": &o.lines, "hook": &o.hooks, "team": &o.team} {
		arrived[sink] = map[int][]string{}
		for _, line := range lines.All(t) {
			cell, _ := line[cellKey].(float64)
			delete(line, cellKey)
			arrived[sink][int(cell)] = leaves(line)
		}
	}
	return arrived
}

var shortMasks = map[*regexp.Regexp]string{
	regexp.MustCompile(`^-?9{10}$`): "99999999999",
	regexp.MustCompile(`^\*{10}$`):  "***********",
}

// leaf returns text. If it is a mask with ten characters, leaf returns a mask with eleven.
func leaf(text string) string {
	for short, mask := range shortMasks {
		text = short.ReplaceAllString(text, mask)
	}
	return text
}

// leaves returns all keys and values of decoded JSON.
func leaves(v any) (texts []string) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range maps.All(v) {
			texts = append(append(texts, leaf(key)), leaves(value)...)
		}
	case []any:
		for _, value := range v {
			texts = append(texts, leaves(value)...)
		}
	case float64:
		texts = append(texts, leaf(strconv.FormatFloat(v, 'f', -1, 64)))
	default:
		texts = append(texts, leaf(fmt.Sprint(v)))
	}
	return texts
}

// walkMessage appends all texts and all numbers of attributes in m to texts. It sets cell if an
// attribute identifies the cell.
func walkMessage(m protoreflect.Message, texts *[]string, cell *int) {
	fields := m.Descriptor().Fields()
	if key := fields.ByName("key"); key != nil && m.Get(key).String() == cellKey {
		value := m.Get(fields.ByName("value")).Message()
		*cell = int(value.Get(value.Descriptor().Fields().ByName("int_value")).Int())
		return
	}
	m.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if !field.IsList() {
			walkValue(field, v, texts, cell)
			return true
		}
		for i := range v.List().Len() {
			walkValue(field, v.List().Get(i), texts, cell)
		}
		return true
	})
}

func walkValue(field protoreflect.FieldDescriptor, v protoreflect.Value, texts *[]string, cell *int) {
	switch field.Kind() {
	case protoreflect.MessageKind:
		walkMessage(v.Message(), texts, cell)
	case protoreflect.StringKind:
		*texts = append(*texts, leaf(v.String()))
	case protoreflect.BytesKind:
		*texts = append(*texts, string(v.Bytes()))
	case protoreflect.Int64Kind:
		*texts = append(*texts, leaf(strconv.FormatInt(v.Int(), 10)))
	case protoreflect.DoubleKind:
		*texts = append(*texts, leaf(strconv.FormatFloat(v.Float(), 'f', -1, 64)))
	}
}
