//go:build !unix

package process

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
)

var forwarded = []os.Signal{os.Interrupt}

// A Process is the command that spor runs. On this system, the command has no process group, so
// spor does not control the processes that the command starts.
type Process struct{ cmd *exec.Cmd }

// Start starts a command. argv are the name and the arguments of the command. env is its
// environment, in the form NAME=VALUE. The files in, out and err are the stdin, stdout and stderr
// of the command.
func Start(argv, env []string, in, out, err *os.File, _ *Terminal) (*Process, error) {
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:noctx // it ends by itself or by a signal
	cmd.Env = env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, err
	return &Process{cmd}, cmd.Start()
}

// StartCode returns the exit code that spor uses if [Start] returned err.
func StartCode(err error) int {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		return ExitNotFound
	}
	return ExitNotExecutable
}

// Signal sends s to the command. It reports whether the command still runs.
func (p *Process) Signal(s os.Signal) bool { return p.cmd.Process.Signal(s) == nil }

// Wait waits until the command has ended, and returns the exit code of the command.
func (p *Process) Wait() int {
	if err := p.cmd.Wait(); err != nil && p.cmd.ProcessState == nil {
		return ExitFailed
	}
	return p.cmd.ProcessState.ExitCode()
}

// OnContinue does nothing, because this system has no job control.
func (p *Process) OnContinue() (stop func()) { return func() {} }

// WaitGroup does nothing, because the command has no process group.
func (p *Process) WaitGroup(func(string)) {}
