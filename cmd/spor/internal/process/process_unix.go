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

// forwarded are the signals that spor forwards to the command. The command is in another process
// group, so it does not get the signals that are sent to spor's group.
var forwarded = []os.Signal{
	unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2,
}

// A Process is the command that spor runs, together with all processes that the command starts.
// They form one process group. spor sends signals to the whole group, and waits until the whole
// group has ended.
//
// The command does not run in spor's own group, because then spor would also signal itself. If
// spor is in the foreground of a terminal, spor puts the command's group in the foreground.
// Otherwise the kernel would stop the command as soon as the command reads from the terminal,
// and Ctrl-C would not reach the command.
type Process struct {
	pid      int
	terminal *Terminal // nil if the command is not in the foreground of a terminal
}

// Start starts a command in a new process group. argv are the name and the arguments of the
// command. env is its environment, in the form NAME=VALUE. The files in, out and err are the
// stdin, stdout and stderr of the command. If t is not nil, Start puts the new group in the
// foreground of t.
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
		// Later, spor must put its own group in the foreground again. While spor is in the
		// background, the kernel allows this only if spor ignores SIGTTOU. The command would
		// inherit an ignored signal, so spor ignores SIGTTOU only after the start of the command.
		signal.Ignore(unix.SIGTTOU)
	}
	return p, cmd.Process.Release() // Wait calls wait4 itself, because os.Process.Wait does not report stops
}

// StartCode returns the exit code that spor uses if [Start] returned err.
func StartCode(err error) int {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		return ExitNotFound
	}
	return ExitNotExecutable
}

// Signal sends s to the group. It reports whether the group still contains a process.
func (p *Process) Signal(s os.Signal) bool {
	return unix.Kill(-p.pid, s.(syscall.Signal)) == nil
}

// Wait waits until the command has ended, and returns the exit code of the command. If the user
// stops the command from the keyboard, spor stops too.
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

// suspend stops spor and the other processes of spor's job. When the shell continues them,
// suspend continues the command. If no shell does job control, SIGTSTP has no effect, and
// suspend continues the command immediately.
func (p *Process) suspend() {
	if p.terminal == nil {
		return
	}
	p.terminal.take()
	_ = unix.Kill(0, unix.SIGTSTP)
	p.resume()
}

// resume continues the command's group. If spor is in the foreground, resume first puts the
// command's group in the foreground.
func (p *Process) resume() {
	p.terminal.give(p.pid)
	p.Signal(unix.SIGCONT)
}

// OnContinue makes spor continue the command each time that the shell continues spor. This ends
// when the caller calls stop.
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
	lingerTime = 3 * time.Second       // wait after the end of the command, before SIGTERM
	termTime   = 2 * time.Second       // wait after SIGTERM
	killTime   = time.Second           // wait after SIGKILL
	lingerPoll = 20 * time.Millisecond // time between two checks
)

// WaitGroup waits until the command's process group is empty. After 3 s it sends SIGTERM to the
// group. After 2 s more it sends SIGKILL. After 1 s more it returns, even if the group is not
// empty. Before it sends a signal, and before it gives up, it calls the function say with a
// message for the user.
func (p *Process) WaitGroup(say func(string)) {
	if p.empty(lingerTime) {
		return
	}
	say("processes that the command started are still running after " + lingerTime.String() + "; stopping them")
	p.Signal(unix.SIGTERM)
	if p.empty(termTime) {
		return
	}
	say("the processes do not stop; killing them")
	p.Signal(unix.SIGKILL)
	if !p.empty(killTime) {
		say("some of the processes cannot be killed; leaving them")
	}
}

// The method empty waits until the group is empty, but not longer than d. It reports whether the
// group is empty. It polls, because no system call waits for a process group.
func (p *Process) empty(d time.Duration) bool {
	deadline := time.NewTimer(d)
	defer deadline.Stop()
	poll := time.NewTicker(lingerPoll)
	defer poll.Stop()
	for {
		p.reap()
		if !p.Signal(syscall.Signal(0)) {
			return true
		}
		select {
		case <-poll.C:
		case <-deadline.C:
			return false
		}
	}
}

// reap removes the zombies of the group. A zombie is a process that has ended and whose parent
// has not waited for it. spor is the parent of the group's orphans, so it must wait for them.
// Until then, a zombie still belongs to the group.
func (p *Process) reap() {
	for {
		pid, err := unix.Wait4(-p.pid, nil, unix.WNOHANG, nil)
		if pid <= 0 && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}
