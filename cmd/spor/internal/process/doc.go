// Package process runs a command in its own process group and forwards signals to all
// processes of the group. If spor is in the foreground of a terminal, the group gets the
// foreground.
package process

// Exit codes of spor. They are the same as those of a shell and env(1). Every other code is the
// exit code of the command.
const (
	ExitFailed        = 125 // spor itself failed
	ExitNotExecutable = 126 // the command cannot be run
	ExitNotFound      = 127 // the command does not exist
	ExitSignalled     = 128 // plus the number of the signal that ended the command
)
