//go:build unix

package process

import (
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
)

// AwaitInterrupts is the name of the hidden command of spor that runs [ReportInterrupts].
const AwaitInterrupts = "await-interrupts"

// WatchInterrupts calls the function interrupted when the user presses Ctrl-C while the command is
// in the foreground. Only the processes of the command's group get this signal, so WatchInterrupts
// starts spor once more in that group. If this fails, interrupted is not called. The caller must
// call stop when the command has ended.
func (p *Process) WatchInterrupts(interrupted func()) (stop func()) {
	nothing := func() {}
	if p.terminal == nil {
		return nothing
	}
	self, err := os.Executable()
	if err != nil {
		return nothing
	}
	watcher := exec.Command(self, AwaitInterrupts) //nolint:noctx // it ends when its stdin is closed
	watcher.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: p.pid}
	in, err := watcher.StdinPipe()
	if err != nil {
		return nothing
	}
	out, err := watcher.StdoutPipe()
	if err != nil || watcher.Start() != nil {
		return nothing
	}
	return func() {
		_ = in.Close()
		text, _ := io.ReadAll(out)
		_ = watcher.Wait()
		status, _ := watcher.ProcessState.Sys().(syscall.WaitStatus)
		early := status.Signaled() && status.Signal() == syscall.SIGINT // before it caught the signal
		if len(text) > 0 || early {
			interrupted()
		}
	}
}

// ReportInterrupts writes a byte to out for each interrupt, until in is closed. It ignores the other
// signals that end a process, because they are meant for the command.
func ReportInterrupts(in io.Reader, out io.Writer) {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, forwarded...)
	var reports sync.WaitGroup
	reports.Go(func() {
		for sig := range caught {
			if sig == os.Interrupt {
				_, _ = out.Write([]byte("."))
			}
		}
	})
	_, _ = io.Copy(io.Discard, in)
	signal.Stop(caught) // waits until a signal that has arrived is in the channel
	close(caught)
	reports.Wait()
}
