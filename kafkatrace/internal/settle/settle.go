// Package settle is how adapters tell package kafkatrace what became of messages
// and transactions, beyond what its own errors say.
package settle

import (
	"context"
	"errors"

	"github.com/nais/spor/kafkatrace"
)

// Commit calls fn, which commits a transaction, and returns what fn does.
func Commit(t *kafkatrace.Tracer, fn func() error) error {
	return t.Commit(context.Background(), func(context.Context) error { return fn() })
}

// Abort calls fn, which aborts a transaction, and returns what fn does.
func Abort(t *kafkatrace.Tracer, fn func() error) error {
	err := t.Commit(context.Background(), func(context.Context) error {
		if err := fn(); err != nil {
			return err
		}
		return Aborted
	})
	if errors.Is(err, Aborted) {
		return nil
	}
	return err
}

// Aborted is the outcome of a transaction that was.
var Aborted error = aborted{}

type aborted struct{}

func (aborted) Error() string     { return "aborted" }
func (aborted) ErrorType() string { return "aborted" }
