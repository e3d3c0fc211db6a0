package pgxtrace

import (
	"context"
	"time"
)

// The type preparing describes a statement that is being prepared. pgx also uses the value
// as the context of the preparation.
type preparing struct {
	context.Context //nolint:containedctx // preparing is a context itself

	name, text string
	start      time.Time
	observed   bool
}

type prepareKey struct{}

// Value returns p for the key prepareKey.
func (p *preparing) Value(key any) any {
	if key == (prepareKey{}) {
		return p
	}
	return p.Context.Value(key)
}
