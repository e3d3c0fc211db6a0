// Package load has the tests of setup under load and during outages. A separate process
// makes the spans, and the test is the collector.
//
// The long tests run for a tenth of their duration, unless the build tag fault is set (make
// fault).
package load
