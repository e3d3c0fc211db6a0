// Command peers runs the test suites of other projects without and with spor inside, and
// compares which tests pass.
//
// The source of each suite comes at a pinned version from the module cache or from GOROOT.
// It is copied to .tmp/peers. The copy gets a hook at the place where spor is put in, and the
// files of the folder testdata/overlays. The hook does nothing until the variable SPOR_PEERS names a
// variant. One test binary is built for each package. It runs once without spor, and once
// for each variant.
//
// Each difference between two runs needs a line with a reason in differences.txt. The command
// fails if a difference has no line, if a line has no difference, if a suite has fewer tests
// than it must have, and if a span that was started has not ended.
package main
