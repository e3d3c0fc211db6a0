//go:build !unix

package process

import "io"

// AwaitInterrupts is the name of the hidden command of spor that runs [ReportInterrupts].
const AwaitInterrupts = "await-interrupts"

// WatchInterrupts does nothing, because spor gets the interrupts itself.
func (p *Process) WatchInterrupts(func()) (stop func()) { return func() {} }

// ReportInterrupts does nothing.
func ReportInterrupts(io.Reader, io.Writer) {}
