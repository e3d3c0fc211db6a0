// Package load contains tests of package setup under high load and during outages. A
// separate process makes the spans. The collector runs in the process of the test.
//
// Normally, the long tests run for only a tenth of their full duration. With the build tag
// "fault", they run for the full duration. The command "make fault" sets this tag.
package load
