package grpctrace

import (
	"context"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/grpc/metadata"

	"github.com/nais/spor/internal/suppress"
)

// incoming is a carrier for the metadata that a caller sent. It copies only the values that a
// propagator reads. metadata.FromIncomingContext would copy all metadata.
type incoming struct{ ctx context.Context } //nolint:containedctx // the metadata is in the context

var (
	_ propagation.TextMapCarrier = incoming{}
	_ propagation.ValuesGetter   = incoming{}
)

func (i incoming) Get(key string) string {
	if values := i.Values(key); len(values) > 0 {
		return values[0]
	}
	return ""
}

func (i incoming) Values(key string) []string {
	return metadata.ValueFromIncomingContext(i.ctx, key)
}

// Set does nothing, because received metadata is not changed.
func (i incoming) Set(string, string) {}

func (i incoming) Keys() []string {
	md, _ := metadata.FromIncomingContext(i.ctx)
	return keysOf(md)
}

// outgoing is a carrier for the metadata that a client sends. When Set runs for the first time, it
// copies the metadata, because other gRPC calls may use the same metadata.
type outgoing struct {
	ctx context.Context //nolint:containedctx // the metadata is in the context
	md  metadata.MD     // nil until Set is called
}

var _ propagation.TextMapCarrier = (*outgoing)(nil)

func (o *outgoing) Get(key string) string {
	if values := o.current().Get(key); len(values) > 0 {
		return values[0]
	}
	return ""
}

func (o *outgoing) Set(key, value string) {
	if o.md == nil {
		if o.md = o.current(); o.md == nil {
			o.md = make(metadata.MD, 2)
		}
	}
	o.md[strings.ToLower(key)] = []string{value}
}

func (o *outgoing) Keys() []string { return keysOf(o.current()) }

func (o *outgoing) current() metadata.MD {
	if o.md != nil {
		return o.md
	}
	md, _ := metadata.FromOutgoingContext(o.ctx)
	return md
}

func keysOf(md metadata.MD) []string {
	return slices.AppendSeq(make([]string, 0, len(md)), maps.Keys(md))
}

func (e *engine) extract(ctx context.Context) context.Context {
	if p, ok := e.propagator.Get(); ok {
		return p.Extract(ctx, incoming{ctx})
	}
	return ctx
}

func (e *engine) inject(ctx context.Context) context.Context {
	p, ok := e.propagator.Get()
	if !ok {
		return ctx
	}
	o := outgoing{ctx: ctx}
	p.Inject(suppress.Outgoing(ctx), &o)
	if o.md == nil {
		return ctx
	}
	return metadata.NewOutgoingContext(ctx, o.md)
}
