package pgxtrace

import (
	"context"
	"time"
)

// preparing is a statement being prepared. It is the context that pgx keeps for it.
type preparing struct {
	context.Context //nolint:containedctx // it is a context

	name, text string
	start      time.Time
	observed   bool
}

type prepareKey struct{}

// Value returns the statement being prepared for its key.
func (p *preparing) Value(key any) any {
	if key == (prepareKey{}) {
		return p
	}
	return p.Context.Value(key)
}
