package main

import (
	"io"
	"os"

	"github.com/nais/spor/cmd/spor/internal/process"
	"github.com/nais/spor/internal/recording"
)

// A child is a command that runs, and its output.
type child struct {
	*process.Process

	stdout, stderr *output
}

// The method start starts the command in o with the environment env. Its output is copied to out
// and err. The result code is the exit code of spor if the command cannot be started. In that
// case, start has printed the reason.
func (s *session) start(o runOptions, env environ, in *os.File, t *process.Terminal, out, err io.Writer) (c *child, code int) {
	stdout, stderr, failure := newOutputs()
	if failure != nil {
		s.say(failure.Error())
		return nil, process.ExitFailed
	}
	p, failure := process.Start(o.argv, env.pairs(), in, stdout.write, stderr.write, t)
	if failure != nil {
		stdout.abandon()
		stderr.abandon()
		s.say(failure.Error())
		return nil, process.StartCode(failure)
	}
	stdout.carry(out, s.line(recording.Stdout, resourceOf(o)))
	stderr.carry(err, s.line(recording.Stderr, resourceOf(o)))
	return &child{p, stdout, stderr}, 0
}

// The method finish waits for the other processes of the command's group, and for the output.
func (c *child) finish(say func(string)) {
	c.WaitGroup(say)
	c.stdout.finish()
	c.stderr.finish()
}
