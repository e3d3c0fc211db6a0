// Package process runs a command in a process group of its own, in the foreground of
// the terminal where spor has that, and passes signals on to all of the group.
package process

// Exit codes, as the shell and env(1) have them; any other is the command's own.
const (
	ExitFailed        = 125 // spor itself failed
	ExitNotExecutable = 126
	ExitNotFound      = 127
	ExitSignalled     = 128 // and the signal's number on top
)
