package pgxtrace

import (
	"context"
	"time"
)

// The type preparing is the state of a statement that is being prepared. It is also the
// context.Context that pgx uses for this preparation.
type preparing struct {
	context.Context //nolint:containedctx // preparing is a context itself

	name, text string
	start      time.Time
	observed   bool
}

type prepareKey struct{}

func (p *preparing) Value(key any) any {
	if key == (prepareKey{}) {
		return p
	}
	return p.Context.Value(key)
}
