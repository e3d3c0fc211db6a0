// Package load holds the tests of setup under load and through outages: a process
// of its own makes the spans, and the test is the collector.
//
// The long ones run at a tenth of their length, unless the build tag fault is set
// (make fault).
package load
