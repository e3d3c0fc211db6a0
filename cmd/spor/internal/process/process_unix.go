//go:build unix

package process

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// forwarded are the signals that spor forwards to the command, because signals to spor do not
// reach another process group.
var forwarded = []os.Signal{
	unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2,
}

// A Process is the command that spor runs, with all processes that the command starts. They are
// one process group: spor sends signals to the whole group, and waits for the whole group.
//
// The group is not spor's own group, because then spor would also signal itself. If spor is
// in the foreground of a terminal, it hands the foreground over to the group. Otherwise the
// kernel would stop the command as soon as it reads from the terminal, and Ctrl-C would not
// reach the command.
type Process struct {
	pid      int
	terminal *Terminal // nil if the command is not in the foreground of a terminal
}

// Start starts the command argv in a new process group. env is its environment, in the form
// NAME=VALUE. in, out and err are its standard files. The group gets the foreground of t,
// unless t is nil.
func Start(argv, env []string, in, out, err *os.File, t *Terminal) (*Process, error) {
	adoptOrphans()
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:noctx // it ends by itself or by a signal
	cmd.Env = env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, err
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if t != nil {
		cmd.SysProcAttr.Foreground = true
		cmd.SysProcAttr.Ctty = t.fd
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{pid: cmd.Process.Pid, terminal: t}
	if t != nil {
		// A background process must ignore this signal to take the terminal back. spor
		// ignores it only after the start, because the command would inherit that.
		signal.Ignore(unix.SIGTTOU)
	}
	return p, cmd.Process.Release() // Wait calls wait4 itself, because os.Process.Wait does not report stops
}

// StartCode returns the exit code of spor for an error of [Start].
func StartCode(err error) int {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		return ExitNotFound
	}
	return ExitNotExecutable
}

// signal sends s to the group. It reports whether the group still has a process.
func (p *Process) signal(s os.Signal) bool {
	return unix.Kill(-p.pid, s.(syscall.Signal)) == nil
}

// Wait waits until the command has ended, and returns its exit code. When the user stops the
// command from the keyboard, spor also stops.
func (p *Process) Wait() int {
	for {
		var status unix.WaitStatus
		_, err := unix.Wait4(p.pid, &status, unix.WUNTRACED, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return ExitFailed
		case status.Stopped():
			p.suspend()
		default:
			p.terminal.take()
			if status.Signaled() {
				return ExitSignalled + int(status.Signal())
			}
			return status.ExitStatus()
		}
	}
}

// suspend stops spor, and the other processes of spor's job, until the shell continues
// them. Without a shell that does job control, SIGTSTP has no effect and suspend continues
// the command.
func (p *Process) suspend() {
	if p.terminal == nil {
		return
	}
	p.terminal.take()
	_ = unix.Kill(0, unix.SIGTSTP)
	p.resume()
}

// resume continues the group. It gives the foreground to the group if spor has it.
func (p *Process) resume() {
	p.terminal.give(p.pid)
	p.signal(unix.SIGCONT)
}

// OnContinue continues the command each time that the shell continues spor, until the caller
// calls stop.
func (p *Process) OnContinue() (stop func()) {
	if p.terminal == nil {
		return func() {}
	}
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, unix.SIGCONT)
	var done sync.WaitGroup
	done.Go(func() {
		for range continued {
			p.resume()
		}
	})
	return func() {
		signal.Stop(continued)
		close(continued)
		done.Wait()
	}
}

const (
	lingerTime = 3 * time.Second       // wait for the rest of the group before SIGTERM
	termTime   = 2 * time.Second       // wait after SIGTERM
	killTime   = time.Second           // wait after SIGKILL
	lingerPoll = 20 * time.Millisecond // between two checks
)

// WaitGroup waits until the command's process group is empty. It sends SIGTERM to the group
// after 3 s and SIGKILL after 2 s more, and gives up after another second. It calls say
// with a message for the user before each of these steps.
func (p *Process) WaitGroup(say func(string)) {
	if p.empty(lingerTime) {
		return
	}
	say("processes that the command started are still running after " + lingerTime.String() + "; stopping them")
	p.signal(unix.SIGTERM)
	if p.empty(termTime) {
		return
	}
	say("the processes do not stop; killing them")
	p.signal(unix.SIGKILL)
	if !p.empty(killTime) {
		say("some of the processes cannot be killed; leaving them")
	}
}

// empty reports whether the group becomes empty within d. It polls, because no system call
// waits for a process group.
func (p *Process) empty(d time.Duration) bool {
	deadline := time.NewTimer(d)
	defer deadline.Stop()
	poll := time.NewTicker(lingerPoll)
	defer poll.Stop()
	for {
		p.reap()
		if !p.signal(syscall.Signal(0)) {
			return true
		}
		select {
		case <-poll.C:
		case <-deadline.C:
			return false
		}
	}
}

// reap waits for all orphans of the group that have ended and are now children of spor. As
// zombies they would still belong to the group.
func (p *Process) reap() {
	for {
		pid, err := unix.Wait4(-p.pid, nil, unix.WNOHANG, nil)
		if pid <= 0 && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}
