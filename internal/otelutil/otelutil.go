// Package otelutil contains helpers for the OpenTelemetry API, and access to parts that the
// API does not export.
package otelutil

import "context"

// Same reports whether a and b are equal. For values that cannot be compared, == panics,
// and Same reports false.
func Same(a, b any) (equal bool) {
	defer func() { _ = recover() }()
	return a == b
}

// ContextKey calls ask with a context, and returns the key that ask looks up in this
// context. In this way, ContextKey finds a key that another package does not export.
func ContextKey(ask func(context.Context)) (key any) {
	ask(keyProbe{context.Background(), &key})
	return key
}

type keyProbe struct {
	context.Context //nolint:containedctx // it is a context

	key *any
}

func (p keyProbe) Value(key any) any {
	*p.key = key
	return nil
}
