package pgxtrace

import (
	"context"
	"time"
)

// The type connecting is the state of a connection that is being made. It is also the
// context.Context that pgx uses to make this connection.
type connecting struct {
	context.Context //nolint:containedctx // connecting is a context itself

	session *session
	start   time.Time
}

type connectKey struct{}

func (c *connecting) Value(key any) any {
	switch key {
	case connectKey{}:
		return c
	case statementKey{}: // connecting is not part of the statement that needs the connection
		return nil
	}
	return c.Context.Value(key)
}
