// Package stock knows instrumentation libraries that are not spor's. It completes their spans, so
// that Nais APM shows them like spor's spans: it gives a span the name that spor would give it, and
// adds attributes that the platform reads.
//
// Each library has its own rules. A rule applies only to what the library itself has written, and
// nothing is guessed: a name that the program has chosen stays, and an attribute that the span
// already has is not changed. The rules were learnt from the libraries, in the versions that
// library.go states, and package internal/integration/stock tests them with the libraries.
//
// The functions have no side effects. They are called when a span is exported, so they do not slow
// down a request.
package stock
