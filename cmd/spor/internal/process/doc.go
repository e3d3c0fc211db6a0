// Package process runs a command in its own process group, and forwards signals to all
// processes of the group. If spor is in the foreground of a terminal, the package puts the
// group in the foreground.
package process

// Exit codes of spor. A shell and env(1) use the same codes. Every other exit code of spor is
// the exit code of the command.
const (
	ExitFailed        = 125 // spor itself failed
	ExitNotExecutable = 126 // the command cannot be run
	ExitNotFound      = 127 // the command does not exist
	ExitSignalled     = 128 // 128 plus the number of the signal that ended the command
)
