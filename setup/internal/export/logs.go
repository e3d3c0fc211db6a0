package export

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"google.golang.org/grpc"

	"github.com/nais/spor/internal/clean"
	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/setup/internal/spanstats"
)

// largestRequest is the maximum size of a request in bytes. It is smaller than 4 MiB, the
// maximum size that a gRPC server accepts by default.
const largestRequest = 3_500 << 10

// A LogClient exports log records over OTLP. It also reports the errors of exports.
type LogClient struct {
	Watcher
	exporter sdklog.Exporter
	conn     *grpc.ClientConn
	clean    clean.Cleaner // it cuts the values of attributes
}

// NewLogClient returns a client with the settings l.
func NewLogClient(ctx context.Context, l environ.Logs, cleaner clean.Cleaner, r *Reporter) (*LogClient, error) {
	s := l.Signal
	c := &LogClient{Watcher: NewWatcher("logs", s.Endpoint, r), clean: cleaner.WithLimit(l.Limits.ValueLength)}
	conn, err := c.Dial(s)
	if err != nil {
		return nil, err
	}
	c.conn = conn
	c.exporter, err = otlploggrpc.New(ctx,
		otlploggrpc.WithGRPCConn(conn),
		otlploggrpc.WithHeaders(s.Headers),
		otlploggrpc.WithTimeout(s.Timeout),
		otlploggrpc.WithMaxRequestSize(largestRequest),
		otlploggrpc.WithRetry(otlploggrpc.RetryConfig(Retry)),
	)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return c, nil
}

// Send implements naislog.Client.
func (c *LogClient) Send(ctx context.Context, records []sdklog.Record, taken func(rejected int64)) error {
	answer := &Answer{}
	err := c.exporter.Export(WithAnswer(ctx, answer), records)
	if err != nil && !answer.Accepted {
		return err
	}
	taken(answer.Rejected)
	c.Partly("log records", answer)
	return nil
}

// Judge implements naislog.Client.
func (*LogClient) Judge(err error) (reason spanstats.Reason, divisible bool) { return Judge(err) }

// Shutdown implements naislog.Client.
func (c *LogClient) Shutdown(ctx context.Context) error {
	return errors.Join(c.exporter.Shutdown(ctx), c.conn.Close())
}

// Clean implements naislog.Client. It does not change the record of the processor, because
// other code may use the same record.
func (c *LogClient) Clean(r sdklog.Record) sdklog.Record {
	r = r.Clone()
	r.SetBody(c.clean.WithLimit(-1).Value("", r.Body()))
	r.SetSeverityText(c.clean.Text(r.SeverityText()))
	attrs := make([]attribute.KeyValue, 0, r.AttributesLen())
	r.WalkAttributes(func(a attribute.KeyValue) bool {
		attrs = append(attrs, a)
		return true
	})
	if !c.clean.AreClean(attrs) { // SetAttributes sets the number of dropped attributes to 0
		r.SetAttributes(c.clean.Attributes(attrs)...)
	}
	return r
}
