package setuptest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/setup"
	"github.com/nais/spor/setup/setuptest"
)

// recorder is a testing.TB that only records errors. The errors do not make the real test
// fail.
type recorder struct {
	testing.TB

	mu     sync.Mutex
	failed bool
	said   strings.Builder
}

func (r *recorder) Helper() {}

func (r *recorder) Error(args ...any) { r.Errorf("%s", fmt.Sprint(args...)) }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = true
	fmt.Fprintf(&r.said, format+"\n", args...)
}

func (r *recorder) Fatal(args ...any) { r.Fatalf("%s", fmt.Sprint(args...)) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Failed() bool { return r.failed }

// failing calls the function in the parameter test. This call must fail. failing returns the
// error messages of the call.
func failing(t *testing.T, test func(testing.TB)) string {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(r)
	}()
	<-done
	if !r.failed {
		t.Error("the test did not fail")
	}
	return r.said.String()
}

func work() {
	tracer := otel.Tracer("test")
	ctx, root := tracer.Start(context.Background(), "take order", trace.WithSpanKind(trace.SpanKindServer))
	_, query := tracer.Start(ctx, "SELECT orders", trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("db.system.name", "sqlite"), attribute.String("user", "01017012345"), attribute.Int("n", 7)))
	query.RecordError(errors.New("locked"))
	query.SetStatus(codes.Error, "locked")
	query.End()
	_, step := tracer.Start(ctx, "reserve")
	step.End()
	root.End()
	_, job := tracer.Start(context.Background(), "job")
	job.End()
}

func TestRecordingHasTheSpansAsATree(t *testing.T) {
	rec := setuptest.Record(t)
	work()
	rec.WantTree(`
		server take order
		  client SELECT orders error
		  internal reserve
		internal job
	`)
	query := rec.Find("SELECT orders")
	if query.Attributes["db.system"] != "sqlite" || query.Attributes["user"] != "***********" || query.Attributes["n"] != "7" ||
		!query.Failed || len(query.Events) != 1 || query.Events[0] != "exception" {
		t.Errorf("got %+v, want the span as the platform receives it", query)
	}
	if got := len(rec.Spans()); got != 4 {
		t.Errorf("spans: got %d, want 4", got)
	}
	if roots := rec.Roots(); len(roots) != 2 || len(roots[0].Children) != 2 {
		t.Errorf("roots: got %+v", roots)
	}
}

func TestRecordingWaitsForTheServer(t *testing.T) {
	rec := setuptest.Record(t)
	release := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /slow", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-release
	})
	server := httptest.NewServer(httptrace.Handler(mux))
	defer server.Close()
	client := &http.Client{Transport: httptrace.Transport(nil)}
	resp, err := client.Get(server.URL + "/slow")
	if err != nil {
		t.Fatal(err)
	}
	close(release)
	resp.Body.Close()
	rec.WantTree("client GET\n  server GET /slow")
}

func TestRecordingWaitsForSpansThatHaveNotEnded(t *testing.T) {
	rec := setuptest.Record(t)
	_, span := otel.Tracer("test").Start(context.Background(), "late")
	time.AfterFunc(100*time.Millisecond, func() { span.End() })
	rec.WantTree("internal late")
}

func TestWantTreeSaysWhatItGot(t *testing.T) {
	rec := ""
	said := failing(t, func(tb testing.TB) {
		tb.Helper()
		r := setuptest.Record(tb)
		work()
		r.WantTree("server take order")
		rec = r.Tree()
	})
	if !strings.Contains(said, "got\n"+rec+"want\nserver take order\n") {
		t.Errorf("messages: got %q, want the recorded and the wanted tree", said)
	}
}

func TestFindSaysWhatThereIs(t *testing.T) {
	said := failing(t, func(tb testing.TB) {
		tb.Helper()
		r := setuptest.Record(tb)
		work()
		r.Find("nothing")
	})
	if !strings.Contains(said, `no span "nothing" in`) || !strings.Contains(said, "client SELECT orders error") {
		t.Errorf("messages: got %q, want the recorded tree", said)
	}
}

func TestWantLit(t *testing.T) {
	said := failing(t, func(tb testing.TB) {
		tb.Helper()
		r := setuptest.Record(tb)
		work() // no span of the function work has a query text, and there are no pool metrics
		slog.Error("of 1234567", "error", errors.New("e"))
		slog.Info("plain")
		_, span := otel.Tracer("test").Start(context.Background(), "job 1234567")
		span.End()
		r.WantLit("Database: traces")
	})
	for _, want := range []string{"Database: top queries is dark: none of 1 database span has db.statement", "Issues is dark: message varies", "span name: job 1234567 contains six or more digits"} {
		if !strings.Contains(said, want) {
			t.Errorf("messages: got %q, want them to contain %q", said, want)
		}
	}
	for _, no := range []string{"Database: traces", "Service inventory", "Runtime: Go card", "Logs is dark"} {
		if strings.Contains(said, no) {
			t.Errorf("messages: got %q, want them not to contain %q", said, no)
		}
	}
}

func TestRecordTwice(t *testing.T) {
	setuptest.Record(t)
	said := failing(t, func(tb testing.TB) {
		tb.Helper()
		setuptest.Record(tb)
	})
	if !strings.Contains(said, "already running") {
		t.Errorf("messages: got %q, want them to contain \"already running\"", said)
	}
}

func TestRecordGivesTheLoggerBack(t *testing.T) {
	before := slog.Default()
	t.Run("recording", func(t *testing.T) {
		setuptest.Record(t)
		if slog.Default() == before {
			t.Error("Record did not replace the default logger")
		}
	})
	if slog.Default() != before {
		t.Error("the default logger was not restored")
	}
	if os.Getenv("OTEL_SERVICE_NAME") != "" {
		t.Error("the environment was not restored")
	}
}

func TestRecordTakesOptions(t *testing.T) {
	said := failing(t, func(tb testing.TB) {
		tb.Helper()
		rec := setuptest.Record(tb, setup.WithoutMetrics())
		work()
		rec.WantLit()
	})
	if !strings.Contains(said, "Runtime: Go card is dark: no go_goroutines") {
		t.Errorf("messages: got %q, want the Go card to be dark", said)
	}
}
