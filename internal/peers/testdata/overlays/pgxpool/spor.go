package pgxpool

import (
	"context"
	"reflect"
	"strings"
)

// SporNew makes every pool whose configuration has a connection's configuration. It may be
// nil.
var SporNew func(context.Context, *Config) (*Pool, error)

// NewWithConfig takes the place of the package's own function, which SporNew calls.
func NewWithConfig(ctx context.Context, config *Config) (*Pool, error) {
	if SporNew == nil || config.ConnConfig == nil || sporIn(config) {
		return sporNewWithConfig(ctx, config)
	}
	return SporNew(ctx, config)
}

// sporIn reports whether the tracer of a configuration comes from package pgxtrace.
func sporIn(config *Config) bool {
	t := reflect.TypeOf(config.ConnConfig.Tracer)
	return t != nil && t.Kind() == reflect.Pointer && strings.HasPrefix(t.Elem().PkgPath(), "github.com/nais/spor")
}
