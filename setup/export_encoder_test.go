package setup

import (
	"strings"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/internal/clean"
	"github.com/nais/spor/internal/dialect"
	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/setup/internal/export"
	"github.com/nais/spor/setup/internal/otlp"
)

// An Encoding encodes spans in the same way as the pipeline.
type Encoding struct {
	encoder  *otlp.Encoder
	composer otlp.Composer
	spans    []otlp.Span
	bytes    []byte
	request  []byte
}

func NewEncoding() *Encoding {
	return &Encoding{encoder: otlp.NewCommon(export.NewRewriter(dialect.New(0), environ.Peers{}, clean.Standard(), -1)).NewEncoder()}
}

// Request returns an encoded export request that contains spans. The result is valid until
// the next call of Request or PackedRequest.
func (e *Encoding) Request(spans []sdktrace.ReadOnlySpan) []byte {
	return e.compose(e.encode(spans))
}

// PackedRequest does the same as Request. But it divides the encoded spans into columns and joins
// them again, as the pipeline does if there is a backlog.
func (e *Encoding) PackedRequest(spans []sdktrace.ReadOnlySpan) []byte {
	ends := e.encode(spans)
	var columns otlp.Columns
	var sizes []int
	begin := 0
	for _, end := range ends {
		sizes = append(sizes, columns.Split(e.bytes[begin:end]))
		begin = end
	}
	columns = otlp.Columns{Rest: columns.Rest, IDs: columns.IDs}
	e.bytes = e.bytes[:0]
	for _, size := range sizes {
		e.bytes = columns.Join(e.bytes, size)
	}
	return e.compose(ends)
}

// encode encodes spans into e.bytes. It returns the position where each span ends.
func (e *Encoding) encode(spans []sdktrace.ReadOnlySpan) (ends []int) {
	e.bytes, e.spans, ends = e.bytes[:0], e.spans[:0], make([]int, 0, len(spans))
	for _, span := range spans {
		var scope *otlp.ScopeKey
		e.bytes, scope = e.encoder.AppendSpan(e.bytes, span)
		ends = append(ends, len(e.bytes))
		e.spans = append(e.spans, otlp.Span{Scope: scope})
	}
	return ends
}

func (e *Encoding) compose(ends []int) []byte {
	begin := 0
	for i, end := range ends {
		e.spans[i].Bytes = e.bytes[begin:end]
		begin = end
	}
	e.request = e.composer.AppendRequest(e.request[:0], e.spans)
	return e.request
}

// Pipeline returns the processor that Start installs for an endpoint.
func Pipeline(endpoint string) (sdktrace.SpanProcessor, error) {
	reporter := newTelemetry().reporter
	reporter.SpansGoTo = &environ.Endpoint{Address: strings.TrimPrefix(endpoint, "http://"), URL: endpoint}
	return newPipeline(&settings{
		Settings: &environ.Settings{
			Traces: environ.Signal{Endpoint: reporter.SpansGoTo, Timeout: 30 * time.Second},
			Batch:  environ.Batch{Bytes: 32 << 20, Delay: 5 * time.Second, Timeout: 30 * time.Second},
		},
		rewriter: export.NewRewriter(dialect.New(0), environ.Peers{}, clean.Standard(), -1),
	}, reporter)
}
