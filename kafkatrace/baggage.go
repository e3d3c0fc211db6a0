package kafkatrace

import (
	"context"

	"go.opentelemetry.io/otel/baggage"
)

// A baggageRule selects the baggage that may be sent and received. The zero value allows no
// baggage.
type baggageRule struct {
	maxBytes int
	keys     []string
}

// confine returns ctx with a baggage that contains only the members that r allows.
func (r baggageRule) confine(ctx context.Context) context.Context {
	all := baggage.FromContext(ctx)
	if all.Len() == 0 {
		return ctx
	}
	return baggage.ContextWithBaggage(ctx, r.of(all))
}

// baggageRule.of returns a copy of the baggage in the parameter all. The copy has only the
// members that r allows.
func (r baggageRule) of(all baggage.Baggage) baggage.Baggage {
	var allowed baggage.Baggage
	size := 0
	for _, key := range r.keys {
		member := all.Member(key)
		length := len(member.String()) + 1 // The comma between members counts too.
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
