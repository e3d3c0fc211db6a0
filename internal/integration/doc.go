// Package integration proves spor on real programs, servers and rivals. It is a
// module of its own so that nobody who uses spor inherits what it requires, and
// it is never published.
package integration
