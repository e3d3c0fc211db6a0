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

// forwarded are the signals that spor passes on, since a process group of its
// own does not get what is sent to spor.
var forwarded = []os.Signal{
	unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2,
}

// A Process is the command with all that it starts, which is one process
// group: signals reach all of it, and all of it is waited for.
//
// The group cannot be that of spor, or spor would signal itself. So when spor
// is in the foreground of a terminal, the group takes its place there: else the
// command would be stopped as soon as it reads, and Ctrl-C would not reach it.
type Process struct {
	pid      int
	terminal *Terminal // nil when the command is not in its foreground
}

// Start starts the command with an environment of name=value. in, out and err are the
// child's. The command gets the foreground of t unless that is nil.
func Start(argv, env []string, in, out, err *os.File, t *Terminal) (*Process, error) {
	adoptOrphans()
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:noctx // ends by signals, and by itself
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
		// To take the terminal back, a background process must ignore this
		// signal. Not before the start: the command would inherit it.
		signal.Ignore(unix.SIGTTOU)
	}
	return p, cmd.Process.Release() // Wait asks for what Process.Wait hides
}

// StartCode returns the exit code for an error of Start.
func StartCode(err error) int {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		return ExitNotFound
	}
	return ExitNotExecutable
}

// signal sends s to the group and reports whether there is one.
func (p *Process) signal(s os.Signal) bool {
	return unix.Kill(-p.pid, s.(syscall.Signal)) == nil
}

// Wait returns the exit code of the command when it has ended. When the user
// stops it from the keyboard, spor stops with it.
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

// suspend stops spor, and the rest of its own job, until the shell continues
// it. Where no shell does job control, nothing stops and the command goes on.
func (p *Process) suspend() {
	if p.terminal == nil {
		return
	}
	p.terminal.take()
	_ = unix.Kill(0, unix.SIGTSTP)
	p.resume()
}

// resume continues the group, in the foreground if spor is there.
func (p *Process) resume() {
	p.terminal.give(p.pid)
	p.signal(unix.SIGCONT)
}

// OnContinue calls resume whenever the shell continues spor, until stop.
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
	lingerTime = 3 * time.Second // what remains of a group may take to end by itself
	termTime   = 2 * time.Second // then after SIGTERM
	killTime   = time.Second     // then after SIGKILL
	lingerPoll = 20 * time.Millisecond
)

// WaitGroup returns when the group is empty, which it sees to if need be: say
// is told what it does.
func (p *Process) WaitGroup(say func(string)) {
	if p.empty(lingerTime) {
		return
	}
	say("processes that the command started are still running after " + lingerTime.String() + "; stopping them")
	p.signal(unix.SIGTERM)
	if p.empty(termTime) {
		return
	}
	say("they do not stop; killing them")
	p.signal(unix.SIGKILL)
	if !p.empty(killTime) {
		say("some cannot be killed; leaving them")
	}
}

// empty reports whether the group becomes empty within d. No system call waits
// for a group, so it asks again and again.
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

// reap takes the exit codes of orphans that became children of spor; as
// zombies they would still be of the group.
func (p *Process) reap() {
	for {
		pid, err := unix.Wait4(-p.pid, nil, unix.WNOHANG, nil)
		if pid <= 0 && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}
