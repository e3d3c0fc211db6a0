// Package integration tests spor with real programs and servers, and compares spor with
// other libraries. The package is in a separate module, so that users of spor do not get the
// dependencies of these tests. The module is never published.
package integration
