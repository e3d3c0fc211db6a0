// Package integration tests spor with real programs and servers, and compares spor with
// other libraries. It is a separate module, so that users of spor do not get its
// dependencies. The module is never published.
package integration
