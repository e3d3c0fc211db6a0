package export

import (
	"context"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
)

// bareExemplars gives a stream the SDK's own reservoirs, in which an exemplar has
// the IDs of its trace and span, and no attribute that was taken off the series.
// Prometheus would get those attributes as labels, and loses an exemplar whose labels
// are longer than 128 characters.
func bareExemplars(a sdkmetric.Aggregation) exemplar.ReservoirProvider {
	provider := sdkmetric.DefaultExemplarReservoirProviderSelector(a)
	return func(attrs attribute.Set) exemplar.Reservoir {
		switch r := provider(attrs).(type) {
		case *exemplar.FixedSizeReservoir:
			return bareFixedSize{r}
		case *exemplar.HistogramReservoir:
			return bareHistogram{r}
		default:
			return bareReservoir{r}
		}
	}
}

// The first two embed the SDK's types because those need no lock, which the SDK sees
// in a method that it does not export.
type (
	bareFixedSize struct{ *exemplar.FixedSizeReservoir }
	bareHistogram struct{ *exemplar.HistogramReservoir }
	bareReservoir struct{ exemplar.Reservoir }
)

func (r bareFixedSize) Offer(ctx context.Context, t time.Time, v exemplar.Value, _ []attribute.KeyValue) {
	r.FixedSizeReservoir.Offer(ctx, t, v, nil)
}

func (r bareHistogram) Offer(ctx context.Context, t time.Time, v exemplar.Value, _ []attribute.KeyValue) {
	r.HistogramReservoir.Offer(ctx, t, v, nil)
}

func (r bareReservoir) Offer(ctx context.Context, t time.Time, v exemplar.Value, _ []attribute.KeyValue) {
	r.Reservoir.Offer(ctx, t, v, nil)
}

// View keeps what callers choose off the series: the Host header, which
// is the server's address in otelhttp's server metrics, and the pod's own
// address in otelgrpc's. It keeps what is not on a series off its exemplars too.
func View() sdkmetric.View {
	drop := attribute.NewDenyKeysFilter("server.address", "server.port", "client.address", "client.port",
		"network.peer.address", "network.peer.port", "url.path", "url.query", "user_agent.original")
	return func(i sdkmetric.Instrument) (sdkmetric.Stream, bool) {
		stream := sdkmetric.Stream{Name: i.Name, Description: i.Description, Unit: i.Unit, ExemplarReservoirProviderSelector: bareExemplars}
		if strings.HasPrefix(i.Name, "http.server.") || strings.HasPrefix(i.Name, "rpc.server.") {
			stream.AttributeFilter = drop
		}
		return stream, true
	}
}
