package logrustrace_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"go.opentelemetry.io/otel/propagation"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/setup"
	"github.com/nais/spor/setup/logrustrace"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"
)

func spanContext() context.Context {
	return propagation.TraceContext{}.Extract(context.Background(),
		propagation.MapCarrier{"traceparent": "00-" + traceID + "-" + spanID + "-01"})
}

func newLogger(w io.Writer) *logrus.Logger {
	log := logrus.New()
	log.SetOutput(w)
	log.SetLevel(logrus.TraceLevel)
	log.SetFormatter(logrustrace.Formatter())
	return log
}

type stacked struct{ error }

func (stacked) StackTrace() string { return "main.deep(...)\n" }

func TestFormatterMatrix(t *testing.T) {
	words := map[logrus.Level]string{
		logrus.TraceLevel: "TRACE", logrus.DebugLevel: "DEBUG", logrus.InfoLevel: "INFO", logrus.WarnLevel: "WARN",
		logrus.ErrorLevel: "ERROR", logrus.FatalLevel: "ERROR", logrus.PanicLevel: "ERROR",
	}
	for level, word := range words {
		for name, err := range map[string]error{
			"": nil, "*fs.PathError": fmt.Errorf("open: %w", &fs.PathError{Op: "open", Path: "q", Err: errors.New("gone")}),
			"logrustrace_test.stacked": stacked{errors.New("deep")},
		} {
			var buf bytes.Buffer
			entry := newLogger(&buf).WithContext(spanContext()).WithField("n", 1)
			if err != nil {
				entry = entry.WithError(err)
			}
			func() {
				defer func() { _ = recover() }()
				entry.Log(level, "it went wrong")
			}()
			line := oteltest.ParseLine(t, buf.Bytes())
			kind, _ := line["error.type"].(string)
			stack, _ := line["stack_trace"].(string)
			if line["level"] != word || line["message"] != "it went wrong" || line["trace_id"] != traceID || line["span_id"] != spanID ||
				kind != name || (stack != "") != strings.Contains(name, "stacked") || line["n"] != 1.0 || line["time"] == nil {
				t.Errorf("%v with error %q: got %v", level, name, line)
			}
		}
	}
}

func TestFormatterFields(t *testing.T) {
	var buf bytes.Buffer
	log := newLogger(&buf)
	log.SetReportCaller(true)
	log.WithFields(logrus.Fields{
		"msg": "mine", "level": "mine", "time": "mine", "trace_id": "mine",
		"took": 31011234567 * time.Nanosecond, "ident": "01017012345", "func": func() {},
	}).Warning("of 01017012345")
	line := oteltest.ParseLine(t, buf.Bytes())
	for key, want := range map[string]string{
		"message": "of ***********", "level": "WARN", "fields.msg": "mine", "fields.level": "mine", "fields.time": "mine",
		"trace_id": "mine", "took": "31.011234567s", "ident": "***********",
	} {
		if line[key] != want {
			t.Errorf("%s: got %v, want %q", key, line[key], want)
		}
	}
	if source, _ := line["source"].(map[string]any); !strings.HasSuffix(fmt.Sprint(source["function"]), "TestFormatterFields") {
		t.Errorf("source: got %v", line["source"])
	}
}

func TestFormatterSendsTeamLogsElsewhere(t *testing.T) {
	t.Setenv("OTEL_TRACES_EXPORTER", "none")
	t.Setenv("OTEL_METRICS_EXPORTER", "none")
	t.Setenv("OTEL_LOGS_EXPORTER", "none")
	var out, team bytes.Buffer
	shutdown, err := setup.Start(t.Context(), setup.WithTeamLogs(&team))
	if err != nil {
		t.Fatal(err)
	}
	newLogger(&out).WithField("marker", "TEAM_LOGS").Info("secret")
	if err := shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if out.Len() != 0 || oteltest.ParseLine(t, team.Bytes())["message"] != "secret" {
		t.Errorf("got log %q and team %q", &out, &team)
	}
}

func TestFormatterIsSafeForConcurrentUse(t *testing.T) {
	formatter := logrustrace.Formatter()
	var wait sync.WaitGroup
	for i := range 8 {
		var buf bytes.Buffer
		log := newLogger(&buf)
		log.SetFormatter(formatter)
		wait.Go(func() {
			for n := range 200 {
				log.WithField("i", i).Info(n)
			}
			n := 0
			for line := range bytes.Lines(buf.Bytes()) {
				if o := oteltest.ParseLine(t, line); o["i"] != float64(i) || o["message"] != strconv.Itoa(n) {
					t.Errorf("got %v, want %d of %d", o, n, i)
					return
				}
				n++
			}
		})
	}
	wait.Wait()
}

func TestHookGivesFieldsToAnyFormatter(t *testing.T) {
	var buf bytes.Buffer
	log := logrus.New()
	log.SetOutput(&buf)
	log.SetFormatter(&logrus.JSONFormatter{})
	log.AddHook(logrustrace.Hook())
	log.WithContext(spanContext()).WithError(stacked{errors.New("deep")}).Error("it went wrong")
	line := oteltest.ParseLine(t, buf.Bytes())
	if line["trace_id"] != traceID || line["span_id"] != spanID || line["error.type"] != "logrustrace_test.stacked" || line["stack_trace"] != "main.deep(...)\n" {
		t.Errorf("got %v", line)
	}
	buf.Reset()
	log.WithField("trace_id", "mine").Info("plain")
	if line := oteltest.ParseLine(t, buf.Bytes()); line["trace_id"] != "mine" || line["span_id"] != nil || line["error.type"] != nil || line["stack_trace"] != nil {
		t.Errorf("without a span and an error: got %v", line)
	}
	buf.Reset()
	func() {
		defer func() {
			log.WithField("error", recover()).Error("panicked")
		}()
		explode()
	}()
	if stack, _ := oteltest.ParseLine(t, buf.Bytes())["stack_trace"].(string); !strings.Contains(stack, "explode(") {
		t.Errorf("of a panic: got %q", stack)
	}
}

func explode() { panic("boom") }
