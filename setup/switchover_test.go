package setup_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/nais/spor/grpctrace"
	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/conformance/grpcsuite"
	"github.com/nais/spor/internal/conformance/httpsuite"
	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/sqltest"
	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/setup"
	"github.com/nais/spor/sqltrace"
)

// TestSwitchOver exports the spans of the conformance suites twice: once through the pipeline,
// and once through OpenTelemetry's processor and exporter. The collector must receive the same
// spans in both cases.
func TestSwitchOver(t *testing.T) {
	if testing.Short() {
		t.Skip("the suites take long")
	}
	all := &some{byName: map[string]int{}}
	t.Run("HTTP", func(t *testing.T) { httpsuite.Run(t, httpRouter(all)) })
	t.Run("gRPC", func(t *testing.T) { grpcsuite.Run(t, grpcRPC(all)) })
	t.Run("SQL", func(t *testing.T) { endStatements(t, all) })
	t.Run("Kafka", func(t *testing.T) { endRecords(t, all) })
	spans := all.spans
	if len(spans) < 300 {
		t.Fatalf("the suites made %d spans", len(spans))
	}
	got, want := deliveredBy(t, setup.Pipeline, spans), deliveredBy(t, officialPipeline, spans)
	if len(got) != len(spans) || len(want) != len(spans) {
		t.Errorf("the pipeline delivers %d spans, the official one %d, of %d", len(got), len(want), len(spans))
	}
	different := 0
	for id, span := range got {
		if !proto.Equal(span, want[id]) {
			if different++; different < 4 {
				t.Error(firstDifference(prototext.Format(span), prototext.Format(want[id])))
			}
		}
	}
	t.Logf("%d spans, %d different", len(spans), different)
}

func endStatements(t *testing.T, watch sdktrace.SpanProcessor) {
	t.Helper()
	sdk := oteltest.New(t, oteltest.Watched(watch))
	fake := &sqltest.DB{Conn: sqltest.ConnAll, Stmt: sqltest.StmtAll, Rows: sqltest.RowsAll, Returned: 2}
	fake.Hook = func(_ context.Context, _, text string) error {
		switch {
		case strings.Contains(text, "missing"):
			return errors.New("no such table: 01017012345")
		case strings.Contains(text, "again"):
			return driver.ErrBadConn
		}
		return nil
	}
	db := sqltrace.OpenDB(fake.Connector(), sqltrace.WithTracerProvider(sdk.TracerProvider), sqltrace.WithMeterProvider(sdk.MeterProvider),
		sqltrace.WithTransactions(), sqltrace.WithSlowQueries(1), sqltrace.WithAttributes(
			attribute.String("db.system.name", "microsoft.sql_server"), attribute.String("db.namespace", "shop"),
			attribute.String("server.address", "127.0.0.1"), attribute.Int("server.port", 1433)))
	defer db.Close()
	for _, text := range []string{
		"SELECT a FROM orders WHERE fnr = '01017012345'", "SELECT * FROM missing", "INSERT INTO orders VALUES (1, 'x')", "again", "",
		"\xff not UTF-8", "WITH a AS (SELECT 1) DELETE FROM orders", strings.Repeat("SELECT long, ", 2000) + "1 FROM t",
	} {
		_, _ = db.ExecContext(t.Context(), text)
		if rows, err := db.QueryContext(t.Context(), text); err == nil {
			for rows.Next() {
				continue
			}
			_ = errors.Join(rows.Err(), rows.Close())
		}
		if tx, err := db.BeginTx(t.Context(), nil); err == nil {
			_, _ = tx.ExecContext(t.Context(), text)
			_ = tx.Rollback()
		}
	}
	if n := len(sdk.Ended()); n < 24 {
		t.Errorf("%d spans", n)
	}
}

// endRecords sends Kafka records and processes them one by one. Then it processes them again as
// one batch. The span processor watch gets the spans.
func endRecords(t *testing.T, watch sdktrace.SpanProcessor) {
	t.Helper()
	sdk := oteltest.New(t, oteltest.Watched(watch))
	tracer := kafkatrace.NewTracer(kafkatrace.WithTracerProvider(sdk.TracerProvider), kafkatrace.WithMeterProvider(sdk.MeterProvider),
		kafkatrace.WithPropagator(sdk.Propagator), kafkatrace.WithConsumerGroup("shop"), kafkatrace.WithCommitSpans(),
		kafkatrace.WithKey(func(key []byte) string { return string(key) }), kafkatrace.WithAttributes(attribute.String("messaging.client.id", "till")))
	defer tracer.Close()
	failed := errors.New("refused")
	var batch []*kafkatrace.Message
	for i := range 10 {
		m := &kafkatrace.Message{
			Topic: "quotes", Key: []byte{'0' + byte(i), 0xff}, Tombstone: i%3 == 0,
			Headers: kafkatrace.Headers(&[]header{}),
		}
		_, sent := tracer.StartSend(t.Context(), m)
		m.Acked, m.Partition, m.Offset = i%2 == 0, int32(i), int64(i)<<40
		if i == 5 {
			sent(failed)
			continue
		}
		sent(nil)
		_ = tracer.Process(t.Context(), m, func(context.Context) error {
			if i == 7 {
				return failed
			}
			return nil
		})
		batch = append(batch, m)
	}
	_ = tracer.ProcessBatch(t.Context(), slices.Values(batch), func(context.Context) error { return nil })
	_ = tracer.Commit(t.Context(), func(context.Context) error { return failed })
	if n := len(sdk.Ended()); n != 21 {
		t.Errorf("%d spans, want 21", n)
	}
}

type header struct {
	Key   string
	Value []byte
}

// The type some is a span processor that stores at most 200 spans per name. If it stored more
// spans, the suites' tests of memory use would fail.
type some struct {
	ended
	byName map[string]int
}

func (s *some) OnEnd(span sdktrace.ReadOnlySpan) {
	s.mu.Lock()
	s.byName[span.Name()]++
	many := s.byName[span.Name()] > 200
	s.mu.Unlock()
	if !many {
		s.ended.OnEnd(span)
	}
}

// deliveredBy exports spans through the processor that the function pipeline returns. It
// returns a map from the ID of a span to the received span, together with the scope and the
// resource of the span.
func deliveredBy(t *testing.T, pipeline func(endpoint string) (sdktrace.SpanProcessor, error), spans []sdktrace.ReadOnlySpan) map[string]*tracepb.ResourceSpans {
	t.Helper()
	arrived := map[string]*tracepb.ResourceSpans{}
	var mu sync.Mutex
	server, _ := receive(t, ":0", func(_ context.Context, r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
		mu.Lock()
		defer mu.Unlock()
		for _, rs := range r.GetResourceSpans() {
			for _, ss := range rs.GetScopeSpans() {
				for _, span := range ss.GetSpans() {
					arrived[string(span.GetTraceId())+string(span.GetSpanId())] = &tracepb.ResourceSpans{
						Resource: rs.GetResource(), SchemaUrl: rs.GetSchemaUrl(),
						ScopeSpans: []*tracepb.ScopeSpans{{Scope: ss.GetScope(), SchemaUrl: ss.GetSchemaUrl(), Spans: []*tracepb.Span{span}}},
					}
				}
			}
		}
		return nil, nil
	})
	p, err := pipeline(server.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	for _, span := range spans {
		p.OnEnd(span)
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	return arrived
}

// officialPipeline returns OpenTelemetry's batch processor and exporter. The spans are rewritten
// in the same way as in the pipeline.
func officialPipeline(endpoint string) (sdktrace.SpanProcessor, error) {
	exporter, err := otlptracegrpc.New(context.Background(), otlptracegrpc.WithEndpointURL(endpoint))
	if err != nil {
		return nil, err
	}
	return sdktrace.NewBatchSpanProcessor(setup.Rewriting(exporter), sdktrace.WithMaxQueueSize(1<<20)), nil
}

func httpRouter(watch sdktrace.SpanProcessor) httpsuite.Router {
	return httpsuite.Router{
		Watch: watch,
		Handler: func(routes []httpsuite.Route, opts ...httptrace.Option) http.Handler {
			mux := http.NewServeMux()
			for _, route := range routes {
				if route.Fails {
					route.Handler = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
				}
				mux.Handle(route.Method+" "+route.Pattern, route.Handler)
			}
			return httptrace.Handler(mux, opts...)
		},
	}
}

func grpcRPC(watch sdktrace.SpanProcessor) grpcsuite.RPC {
	return grpcsuite.RPC{
		Watch: watch,
		Server: func(opts []grpctrace.Option, more ...grpc.ServerOption) *grpc.Server {
			return grpctrace.NewServer(append(grpctrace.ServerOptions(opts...), more...)...)
		},
		Client: func(target string, opts []grpctrace.Option, more ...grpc.DialOption) (*grpc.ClientConn, error) {
			return grpctrace.NewClient(target, append(grpctrace.DialOptions(opts...), more...)...)
		},
	}
}
