package loggers_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	"github.com/sirupsen/logrus"
	"go.opentelemetry.io/otel/propagation"
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	"go.uber.org/zap"
	"k8s.io/klog/v2"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/nais/spor/internal/receiver"
	"github.com/nais/spor/setup"
	"github.com/nais/spor/setup/logrtrace"
	"github.com/nais/spor/setup/logrustrace"
	"github.com/nais/spor/setup/zaptrace"
	"github.com/nais/spor/setup/zerologtrace"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"
	person  = "01017012345"
)

func spanContext() context.Context {
	return propagation.TraceContext{}.Extract(context.Background(),
		propagation.MapCarrier{"traceparent": "00-" + traceID + "-" + spanID + "-01"})
}

// A logger logs one entry with the level error and one field.
type logger func(ctx context.Context, message string, err error, key, value string)

// makers make the loggers of docs/logs.md. The key is the name in the table.
var makers = map[string]func(io.Writer) logger{
	"slog": func(w io.Writer) logger {
		log := slog.New(setup.LogHandler(w, nil))
		return func(ctx context.Context, message string, err error, key, value string) {
			log.ErrorContext(ctx, message, "error", err, key, value)
		}
	},
	"logrus, with `Formatter`": func(w io.Writer) logger {
		log := logrus.New()
		log.SetOutput(w)
		log.SetFormatter(logrustrace.Formatter())
		return logrusLogger(log)
	},
	"logrus, with `Hook`": func(w io.Writer) logger {
		log := logrus.New()
		log.SetOutput(w)
		log.SetFormatter(&logrus.JSONFormatter{})
		log.AddHook(logrustrace.Hook())
		return logrusLogger(log)
	},
	"zap": func(w io.Writer) logger {
		log := zap.New(zaptrace.Core(w, nil))
		return func(ctx context.Context, message string, err error, key, value string) {
			log.Error(message, zap.Any("ctx", ctx), zap.Error(err), zap.String(key, value))
		}
	},
	"zerolog": func(w io.Writer) logger {
		log := zerologtrace.Logger(w)
		return func(ctx context.Context, message string, err error, key, value string) {
			log.Err(err).Ctx(ctx).Str(key, value).Msg(message)
		}
	},
	"logr": func(w io.Writer) logger {
		return logrLogger(logrtrace.Logger(setup.LogHandler(w, nil)))
	},
	"logr, with `logr.FromSlogHandler`": func(w io.Writer) logger {
		return logrLogger(logr.FromSlogHandler(setup.LogHandler(w, nil)))
	},
	"klog": func(w io.Writer) logger {
		klog.SetLoggerWithOptions(logrtrace.Logger(setup.LogHandler(w, nil)), klog.ContextualLogger(true))
		return func(ctx context.Context, message string, err error, key, value string) {
			klog.FromContext(ctx).WithValues("ctx", ctx).Error(err, message, key, value)
		}
	},
	"controller-runtime": func(w io.Writer) logger {
		controllers.set(w)
		return func(ctx context.Context, message string, err error, key, value string) {
			logf.FromContext(ctx, "ctx", ctx).Error(err, message, key, value)
		}
	},
}

func logrusLogger(log *logrus.Logger) logger {
	return func(ctx context.Context, message string, err error, key, value string) {
		log.WithContext(ctx).WithError(err).WithField(key, value).Error(message)
	}
}

func logrLogger(log logr.Logger) logger {
	return func(ctx context.Context, message string, err error, key, value string) {
		log.WithValues("ctx", ctx).Error(err, message, key, value)
	}
}

// controllers is the output of the loggers of controller-runtime. Only the first call of
// logf.SetLogger has an effect.
var controllers output

type output struct {
	once sync.Once
	w    io.Writer
}

func (o *output) set(w io.Writer) {
	o.w = w
	o.once.Do(func() {
		logf.SetLogger(logrtrace.Logger(setup.LogHandler(o, &slog.HandlerOptions{Level: slog.Level(-10)})))
	})
}

func (o *output) Write(b []byte) (int, error) { return o.w.Write(b) }

func object(t *testing.T, line []byte) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal(line, &o); err != nil || bytes.Count(line, []byte("\n")) != 1 {
		t.Fatalf("not one line of JSON: %q: %v", line, err)
	}
	return o
}

// TestPage compares the table of docs/logs.md with the lines of the loggers.
func TestPage(t *testing.T) {
	want := table(t)
	if len(want) != len(makers) {
		t.Errorf("the table has %d rows, want %d", len(want), len(makers))
	}
	team, exported := toTeam(t), export(t)
	for name, newLogger := range makers {
		var out bytes.Buffer
		newLogger(&out)(spanContext(), "of "+person, fmt.Errorf("open: %w", &fs.PathError{Op: "open", Path: "q", Err: errors.New("gone")}), "ident", person)
		line := object(t, out.Bytes())
		got := []bool{
			line["trace_id"] == traceID && line["span_id"] == spanID,
			line["level"] == "ERROR" && line["message"] != nil && line["msg"] == nil && line["time"] != nil,
			line["error.type"] == "*fs.PathError",
			!strings.Contains(out.String(), person),
			team[name],
			exported[name],
		}
		if got[0] && line["ctx"] != nil {
			t.Errorf("%s: the context is written: %s", name, &out)
		}
		if row := words(got); row != want[name] {
			t.Errorf("%s: got %s, want %s; the line is %s", name, row, want[name], &out)
		}
	}
}

func words(cells []bool) string {
	texts := make([]string, len(cells))
	for i, cell := range cells {
		texts[i] = map[bool]string{true: "yes", false: "no"}[cell]
	}
	return strings.Join(texts, " | ")
}

// table returns the cells of each row, without the name of the logger.
func table(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/logs.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(page)) {
		name, row, found := strings.Cut(strings.Trim(line, "| \n"), " | ")
		if found && (strings.HasPrefix(row, "yes") || strings.HasPrefix(row, "no")) {
			rows[name] = row
		}
	}
	return rows
}

func start(t *testing.T, logs string, opts ...setup.Option) (shutdown func()) {
	t.Helper()
	t.Setenv("OTEL_TRACES_EXPORTER", "none")
	t.Setenv("OTEL_METRICS_EXPORTER", "none")
	t.Setenv("OTEL_LOGS_EXPORTER", logs)
	stop, err := setup.Start(context.Background(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := stop(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

// toTeam returns the loggers that send entries with the marker only to Team Logs.
func toTeam(t *testing.T) map[string]bool {
	t.Helper()
	var team bytes.Buffer
	written := map[string]bool{}
	shutdown := start(t, "none", setup.WithTeamLogs(&team))
	for name, newLogger := range makers {
		var out bytes.Buffer
		newLogger(&out)(spanContext(), "message of "+name, errors.New("gone"), "marker", "TEAM_LOGS")
		written[name] = out.Len() > 0
	}
	shutdown()
	sent := map[string]bool{}
	for line := range bytes.Lines(team.Bytes()) {
		message, _ := object(t, line)["message"].(string)
		name := strings.TrimPrefix(message, "message of ")
		sent[name] = !written[name]
	}
	return sent
}

// export returns the loggers whose entries are exported. It checks that the exported record
// has the IDs of the span if the line has them.
func export(t *testing.T) map[string]bool {
	t.Helper()
	var mu sync.Mutex
	records := map[string]*logspb.LogRecord{}
	server, err := receiver.Listen(":0", receiver.Sink{Logs: func(_ context.Context, r *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
		mu.Lock()
		defer mu.Unlock()
		for _, resource := range r.GetResourceLogs() {
			for _, scope := range resource.GetScopeLogs() {
				for _, record := range scope.GetLogRecords() {
					records[record.GetBody().GetStringValue()] = record
				}
			}
		}
		return &collogs.ExportLogsServiceResponse{}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint())
	shutdown := start(t, "otlp")
	lines := map[string]string{}
	for name, newLogger := range makers {
		var out bytes.Buffer
		newLogger(&out)(spanContext(), "message of "+name, errors.New("gone"), "k", "v")
		lines[name] = out.String()
	}
	shutdown()
	mu.Lock()
	defer mu.Unlock()
	exported := map[string]bool{}
	for name, line := range lines {
		record, ok := records["message of "+name]
		exported[name] = ok
		if ids := hex.EncodeToString(record.GetTraceId()); ok && (ids == traceID) != strings.Contains(line, traceID) {
			t.Errorf("%s: exported with the trace %q, but the line is %s", name, ids, line)
		}
	}
	return exported
}
