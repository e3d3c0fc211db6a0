package pgxtrace

import (
	"context"
	"time"
)

// connecting is a connection being made. It is the context that pgx keeps for it.
type connecting struct {
	context.Context //nolint:containedctx // it is a context

	session *session
	start   time.Time
}

type connectKey struct{}

// Value returns the connection being made for its key.
func (c *connecting) Value(key any) any {
	switch key {
	case connectKey{}:
		return c
	case statementKey{}: // what the connection is made for is another matter
		return nil
	}
	return c.Context.Value(key)
}
