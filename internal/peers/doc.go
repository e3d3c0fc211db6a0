// Command peers runs the test suites of other projects without and with spor inside, and
// compares the tests that pass.
package main
