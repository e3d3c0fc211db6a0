package main

import (
	"math"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/tracetree"
)

// shown selects the traces that spor draws in the terminal. The zero value selects all traces.
type shown struct {
	quiet  bool          // selects no trace
	errors bool          // selects traces with a span whose status is Error
	slower time.Duration // selects traces that take at least this time
	filter []string      // selects traces that contain all these texts
}

func (s *shown) register(flags *pflag.FlagSet) {
	flags.BoolVarP(&s.quiet, "quiet", "q", false, "draw no traces")
	flags.BoolVar(&s.errors, "errors", false, "draw only traces with an error")
	flags.DurationVar(&s.slower, "slower", 0, "draw only traces that take `TIME` or longer, for example 100ms")
	flags.StringArrayVar(&s.filter, "filter", nil, "draw only traces that contain `TEXT` in a name, a service or an attribute (key=value); the flag can be repeated")
}

// The method selects reports whether t is drawn.
func (s shown) selects(t *tracetree.Trace) bool {
	if s.quiet || s.slower > 0 && duration(t) < s.slower || s.errors && !hasError(t) {
		return false
	}
	for _, text := range s.filter {
		if !contains(t, strings.ToLower(text)) {
			return false
		}
	}
	return true
}

func hasError(t *tracetree.Trace) bool {
	for span := range t.All {
		if span.Failed() {
			return true
		}
	}
	return false
}

// duration returns the time from the start of the first span to the end of the last.
func duration(t *tracetree.Trace) time.Duration {
	start, end := t.Period()
	return time.Duration(min(end-start, math.MaxInt64)) //nolint:gosec // bounded
}

// The function contains reports whether a span of t contains the text, which is in lower case.
func contains(t *tracetree.Trace, text string) bool {
	if strings.Contains(t.ID.String(), text) {
		return true
	}
	for span := range t.All {
		if strings.Contains(strings.ToLower(span.GetName()), text) || strings.Contains(strings.ToLower(span.Service()), text) {
			return true
		}
		for _, a := range span.GetAttributes() {
			if strings.Contains(strings.ToLower(a.GetKey()+"="+otlpattr.Text(a.GetValue())), text) {
				return true
			}
		}
	}
	return false
}
