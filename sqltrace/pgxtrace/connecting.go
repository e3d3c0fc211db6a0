package pgxtrace

import (
	"context"
	"time"
)

// The type connecting describes a connection that is being made. pgx also uses the value as
// the context for making the connection.
type connecting struct {
	context.Context //nolint:containedctx // connecting is a context itself

	session *session
	start   time.Time
}

type connectKey struct{}

// Value returns c for the key connectKey.
func (c *connecting) Value(key any) any {
	switch key {
	case connectKey{}:
		return c
	case statementKey{}: // connecting is not part of the statement that needs the connection
		return nil
	}
	return c.Context.Value(key)
}
