package kafkatrace

import (
	"context"

	"go.opentelemetry.io/otel/baggage"
)

// A baggageRule tells which baggage may travel; the zero one, none.
type baggageRule struct {
	maxBytes int
	keys     []string
}

// confine returns ctx with the baggage that may travel.
func (r baggageRule) confine(ctx context.Context) context.Context {
	all := baggage.FromContext(ctx)
	if all.Len() == 0 {
		return ctx
	}
	return baggage.ContextWithBaggage(ctx, r.of(all))
}

func (r baggageRule) of(all baggage.Baggage) baggage.Baggage {
	var allowed baggage.Baggage
	size := 0
	for _, key := range r.keys {
		member := all.Member(key)
		length := len(member.String()) + 1 // a comma
		if member.Key() == "" || size+length-1 > r.maxBytes {
			continue
		}
		next, err := allowed.SetMember(member)
		if err != nil {
			continue
		}
		allowed, size = next, size+length
	}
	return allowed
}
