//go:build !unix

package process

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
)

// forwarded are the signals that spor passes on.
var forwarded = []os.Signal{os.Interrupt}

// A Process is the command. Here it has no process group, so that what it
// starts is its own business.
type Process struct{ cmd *exec.Cmd }

// Start starts the command with an environment of name=value.
func Start(argv, env []string, in, out, err *os.File, _ *Terminal) (*Process, error) {
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:noctx // ends by signals, and by itself
	cmd.Env = env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, err
	return &Process{cmd}, cmd.Start()
}

// StartCode returns the exit code for an error of Start.
func StartCode(err error) int {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		return ExitNotFound
	}
	return ExitNotExecutable
}

func (p *Process) signal(s os.Signal) bool { return p.cmd.Process.Signal(s) == nil }

// Wait returns the exit code of the command when it has ended.
func (p *Process) Wait() int {
	if err := p.cmd.Wait(); err != nil && p.cmd.ProcessState == nil {
		return ExitFailed
	}
	return p.cmd.ProcessState.ExitCode()
}

// OnContinue does nothing: there is no job control.
func (p *Process) OnContinue() (stop func()) { return func() {} }

// WaitGroup does nothing: there is no group.
func (p *Process) WaitGroup(func(string)) {}
