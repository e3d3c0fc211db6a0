package export

import (
	"context"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
)

// bareExemplars selects the same exemplar reservoirs for a stream as the SDK, but wraps
// them. Exemplars in a wrapped reservoir have no attributes. They have only the IDs of the
// trace and the span. Without the wrapper, an exemplar would have the attributes that a
// view removed from the series. Prometheus would get these attributes as labels. Prometheus
// drops an exemplar whose labels together are longer than 128 characters.
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

// The SDK needs no lock for its own reservoir types. It recognizes them by a method that
// is not exported. The first two types in this group embed these reservoir types, and so
// they also have this method.
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

// View returns a view that removes two kinds of attributes from the metrics of servers:
//   - Attributes whose values callers can choose. An example is server.address in
//     otelhttp's metrics, whose value is the Host header.
//   - The pod's own address, which otelgrpc adds.
//
// For all instruments, the view also makes sure that an exemplar has no attributes that the
// series does not have.
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
