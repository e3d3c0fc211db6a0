package setup_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/internal/receiver"
	"github.com/nais/spor/internal/suppress"
	"github.com/nais/spor/setup"
)

type logCollector struct {
	*receiver.Server
	mu       sync.Mutex
	records  []*logspb.LogRecord
	resource map[string]string
	refuse   func(*collogs.ExportLogsServiceRequest) error
}

func listenForLogs(t *testing.T) *logCollector {
	t.Helper()
	c := &logCollector{}
	server, err := receiver.Listen(":0", receiver.Sink{Logs: c.take})
	if err != nil {
		t.Fatal(err)
	}
	c.Server = server
	t.Cleanup(server.Stop)
	return c
}

func (c *logCollector) take(_ context.Context, r *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuse != nil {
		if err := c.refuse(r); err != nil {
			return nil, err
		}
	}
	for _, rl := range r.GetResourceLogs() {
		c.resource = texts(rl.GetResource().GetAttributes())
		for _, sl := range rl.GetScopeLogs() {
			c.records = append(c.records, sl.GetLogRecords()...)
		}
	}
	return nil, nil
}

func (c *logCollector) all() []*logspb.LogRecord {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.records
}

func exportLogs(t *testing.T, endpoint string, opts ...setup.Option) (shutdown func(context.Context) error) {
	t.Helper()
	environment(t, "OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none", "OTEL_LOGS_EXPORTER", "otlp",
		"OTEL_EXPORTER_OTLP_ENDPOINT", endpoint, "OTEL_SERVICE_NAME", "quotes", "NAIS_POD_NAME", "quotes-1")
	provider := otel.GetLoggerProvider()
	t.Cleanup(func() { otel.SetLoggerProvider(provider) })
	return mustStart(t, opts...)
}

type traced struct{ error }

func (*traced) StackTrace() string { return "main.failDeep(...)\n\t/src/main.go:1\n" }

func TestLogsAreExported(t *testing.T) {
	c := listenForLogs(t)
	handler := setup.LogHandler(io.Discard, nil)
	log0 := slog.New(handler).With("team", "01017012345").WithGroup("g") // made before Start
	shutdown := exportLogs(t, c.Endpoint())
	log0.Log(remote(sampledParent), slog.LevelError+4, "no person 01017012345", "n", 1, "ident", 1017012345, "number", int64(31129912345), "error", fmt.Errorf("load: %w", &traced{errors.New("no such host")}))
	slog.New(handler).InfoContext(suppress.Context(t.Context()), "silent")
	if err := shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	slog.New(handler).Info("after shutdown")
	records := c.all()
	if len(records) != 2 {
		t.Fatalf("records: got %d, want 2", len(records))
	}
	r := records[0]
	attrs := texts(r.GetAttributes())
	if r.GetBody().GetStringValue() != "no person ***********" || r.GetSeverityText() != "ERROR" || attrs["team"] != "***********" {
		t.Errorf("got %v", r)
	}
	if attrs["exception.type"] != "*setup_test.traced" || !strings.Contains(attrs["exception.message"], "no such host") || !strings.Contains(attrs["exception.stacktrace"], "failDeep") {
		t.Errorf("exception: got %v", attrs)
	}
	if hex.EncodeToString(r.GetTraceId()) != "0af7651916cd43dd8448eb211c80319c" || hex.EncodeToString(r.GetSpanId()) != "b7ad6b7169203331" {
		t.Errorf("span: got %x %x", r.GetTraceId(), r.GetSpanId())
	}
	if text := r.String(); strings.Contains(text, "31129912345") {
		t.Errorf("a numeric personal number was exported: %s", text)
	}
	if len(records[1].GetTraceId()) != 0 {
		t.Errorf("silent: got trace %x, want none", records[1].GetTraceId())
	}
	if c.resource["service.name"] != "quotes" || c.resource["service.instance.id"] != "quotes-1" || c.resource["telemetry.sdk.language"] != "go" {
		t.Errorf("resource: got %v", c.resource)
	}
}

type person struct {
	URL   *url.URL
	IDs   []int64
	Float float64
	Inner map[string]any
}

func TestLogsAreExportedAsTheyAreInTheLine(t *testing.T) {
	c := listenForLogs(t)
	log := slog.New(setup.LogHandler(io.Discard, nil))
	shutdown := exportLogs(t, c.Endpoint())
	u, err := url.Parse("https://u:hunter2@h/users/01017012345?acc%65ss_token=hunter2&n=1")
	if err != nil {
		t.Fatal(err)
	}
	p := person{u, []int64{31129912345, 1}, 31129912345, map[string]any{"id": "01017012345", "n": 7, "at": time.Unix(0, 0).UTC()}}
	log.With("url", u, "person", p).WithGroup("g").Info("m", "url", u, "person", p, "func", func() {}, "nil", nil, slog.Group("inner", "url", u))
	_ = shutdown(context.Background())
	records := c.all()
	if len(records) != 1 {
		t.Fatalf("records: got %d, want 1", len(records))
	}
	text := records[0].String()
	for _, leak := range []string{"hunter2", "01017012345", "31129912345", "3.1129912345"} {
		if strings.Contains(text, leak) {
			t.Errorf("%s was exported: %s", leak, text)
		}
	}
	for _, want := range []string{"REDACTED", "***********", `"1970-01-01T00:00:00Z"`, "!ERROR"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s: %s", want, text)
		}
	}
}

func TestLogsOfTheAPIAreExportedToo(t *testing.T) {
	c := listenForLogs(t)
	shutdown := exportLogs(t, c.Endpoint())
	var r log.Record
	r.SetErr(errors.New("no person 01017012345"))
	otel.GetLoggerProvider().Logger("test").Emit(t.Context(), r)
	_ = shutdown(context.Background())
	if got := c.all(); len(got) != 1 || texts(got[0].GetAttributes())["exception.message"] != "no person ***********" {
		t.Errorf("got %v", got)
	}
}

func TestLogsAreNotExportedUnlessAsked(t *testing.T) {
	for exporter, problem := range map[string]string{"": "", "none": "", "console": "use setup.LogHandler", "zipkin": "use otlp or none"} {
		c := listenForLogs(t)
		environment(t, "OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none", "OTEL_LOGS_EXPORTER", exporter, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint())
		logLines(t)
		shutdown, err := start(t)
		if problem != "" {
			mustName(t, err, "OTEL_LOGS_EXPORTER", strconv.Quote(exporter), problem)
		} else if err != nil {
			t.Error(err)
		}
		slog.New(setup.LogHandler(io.Discard, nil)).Info("m")
		_ = shutdown(context.Background())
		if got := c.all(); len(got) != 0 {
			t.Errorf("%q: got %v, want none", exporter, got)
		}
	}
}

func TestTeamLogsAreNotExported(t *testing.T) {
	for name, log := range marked {
		c := listenForLogs(t)
		buf := logLines(t)
		shutdown := exportLogs(t, c.Endpoint(), setup.WithTeamLogs(io.Discard))
		log(slog.Default())
		eventually(t, "a warning", func() bool {
			return strings.Contains(buf.String(), "OTEL_LOGS_EXPORTER=otlp must not be used with Team Logs")
		})
		_ = shutdown(context.Background())
		for _, r := range c.all() {
			if strings.Contains(r.String(), "secret") {
				t.Errorf("%s: got %v", name, r)
			}
		}
		if n := strings.Count(buf.String(), "must not be used"); n != 1 {
			t.Errorf("%s: warned %d times, want once", name, n)
		}
	}
}

func TestTeamLogsBesideExportAreToldOfWithoutTheOption(t *testing.T) {
	c := listenForLogs(t)
	buf := logLines(t)
	exportLogs(t, c.Endpoint())
	slog.Info("plain")
	if strings.Contains(buf.String(), "must not be used") {
		t.Errorf("before any marked record: got %s", buf)
	}
	slog.Info("secret", setup.TeamLogs())
	eventually(t, "a warning", func() bool { return strings.Contains(buf.String(), "must not be used") })
}

func TestLogsOneRecordNeverCostsItsBatch(t *testing.T) {
	c := listenForLogs(t)
	c.refuse = func(r *collogs.ExportLogsServiceRequest) error {
		if strings.Contains(r.String(), "poison") {
			return status.Error(codes.InvalidArgument, "no")
		}
		return nil
	}
	logLines(t)
	log := slog.New(setup.LogHandler(io.Discard, nil))
	shutdown := exportLogs(t, c.Endpoint())
	for i := range 20 {
		log.Info("fine", "i", i)
	}
	log.Info("poison")
	log.Info("bytes", "text", "\xff")
	_ = shutdown(context.Background())
	if got := len(c.all()); got != 21 {
		t.Errorf("records: got %d, want all 21 records that are not refused", got)
	}
}

func TestLogsWithoutACollector(t *testing.T) {
	buf := logLines(t)
	shutdown := exportLogs(t, "http://127.0.0.1:1")
	for range 1000 {
		slog.Info("m")
	}
	eventually(t, "the line that names the cure", func() bool { return strings.Contains(buf.String(), `"cure":`) })
	begin := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	_ = shutdown(ctx)
	if took := time.Since(begin); took > 8*time.Second {
		t.Errorf("took %s", took)
	}
	var dropped []any // the field log_records_dropped of each line about the collector
	for _, line := range buf.All(t) {
		if line["signal"] == "logs" && line["cure"] != nil {
			dropped = append(dropped, line["log_records_dropped"])
		}
	}
	// 1000 records are from the test. The other record is the first line about the
	// collector, which is also exported as a record.
	if want := []any{nil, "after_shutdown 1001"}; !reflect.DeepEqual(dropped, want) {
		t.Errorf("log_records_dropped of the lines about the collector: got %q, want %q", dropped, want)
	}
}

// TestLogRecordLimits checks the limits of log records. The limits for all attributes are used if
// the limits for log records are unset.
func TestLogRecordLimits(t *testing.T) {
	for name, tt := range map[string]struct {
		pairs []string
		want  string
		errs  []string
	}{
		"default":   {nil, "3 123456789", nil},
		"records":   {[]string{"OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "2", "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4"}, "2 1234", nil},
		"all":       {[]string{"OTEL_ATTRIBUTE_COUNT_LIMIT", "1", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "5"}, "1 12345", nil},
		"both":      {[]string{"OTEL_ATTRIBUTE_COUNT_LIMIT", "1", "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "2"}, "2 123456789", nil},
		"no values": {[]string{"OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "0"}, "3 ", nil},
		"wrong": {
			[]string{"OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "-5", "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "x"},
			"3 123456789",
			[]string{`OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT "-5"`, "128 is used", `OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT "x"`, "no limit is used"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := listenForLogs(t)
			provider := otel.GetLoggerProvider()
			t.Cleanup(func() { otel.SetLoggerProvider(provider) })
			environment(t, append([]string{"OTEL_LOGS_EXPORTER", "otlp", "OTEL_METRICS_EXPORTER", "none", "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint()}, tt.pairs...)...)
			logLines(t)
			shutdown, err := start(t)
			if tt.errs != nil {
				mustName(t, err, tt.errs...)
			} else if err != nil {
				t.Error(err)
			}
			var r log.Record
			r.AddAttributes(attribute.String("a", "123456789"), attribute.String("b", "x"), attribute.String("c", "x"))
			otel.GetLoggerProvider().Logger("test").Emit(t.Context(), r)
			if err := shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := c.all()[0].GetAttributes()
			if s := fmt.Sprintf("%d %s", len(got), got[0].GetValue().GetStringValue()); s != tt.want {
				t.Errorf("number, first value: got %s, want %s", s, tt.want)
			}
			if dropped := c.all()[0].GetDroppedAttributesCount(); name == "both" && dropped != 1 {
				t.Errorf("dropped attributes: got %d, want 1", dropped)
			}
		})
	}
}
