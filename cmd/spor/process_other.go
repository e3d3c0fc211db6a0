//go:build !unix

package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
)

// forwarded are the signals that spor passes on.
var forwarded = []os.Signal{os.Interrupt}

// A process is the command. Here it has no process group, so that what it
// starts is its own business.
type process struct{ cmd *exec.Cmd }

func start(argv []string, env environ, in, out, err *os.File, _ *terminal) (*process, error) {
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:noctx // ends by signals, and by itself
	cmd.Env = env.pairs()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, err
	return &process{cmd}, cmd.Start()
}

func startCode(err error) int {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		return exitNotFound
	}
	return exitNotExecutable
}

func (p *process) signal(s os.Signal) bool { return p.cmd.Process.Signal(s) == nil }

func (p *process) wait() int {
	if err := p.cmd.Wait(); err != nil && p.cmd.ProcessState == nil {
		return exitFailed
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) onContinue() (stop func()) { return func() {} }

func (p *process) waitGroup(func(string)) {}
