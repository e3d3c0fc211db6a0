package export

import (
	"context"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
)

// bareExemplars selects the SDK's own reservoirs for a stream, but their exemplars have
// only the IDs of the trace and the span. The SDK would add the attributes that a view
// removed from the series. Prometheus would get them as labels, and it loses an exemplar
// whose labels are longer than 128 characters.
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

// The first two types embed reservoirs of the SDK that need no lock. The SDK recognizes
// them by a method that it does not export.
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

// View removes two kinds of attributes from the metrics of servers: attributes whose values
// are chosen by callers, such as the Host header (server.address in otelhttp's metrics),
// and the pod's own address, which otelgrpc adds. For all instruments, exemplars get no
// attributes that the series does not have.
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
