//go:build unix

package process

import (
	"os"

	"golang.org/x/sys/unix"
)

// A Terminal is the one that spor is in the foreground of. A nil Terminal is
// none, and its methods do nothing.
type Terminal struct {
	fd    int
	group int // spor's own process group
}

// Foreground returns the terminal of in to hand to the command, nil if there is none
// to hand over: spor is not in its foreground, or a neighbour in a pipeline
// reads from it (as in "spor run ... | less") or types into it.
func Foreground(in, out *os.File) *Terminal {
	t := &Terminal{fd: int(in.Fd()), group: unix.Getpgrp()}
	if !IsTerminal(out) || !t.ours() {
		return nil
	}
	return t
}

// ours reports whether spor's group is in the foreground. It is not when the
// file is not spor's terminal.
func (t *Terminal) ours() bool {
	group, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	return err == nil && group == t.group
}

// give puts group in the foreground if spor's own is there.
func (t *Terminal) give(group int) {
	if t != nil && t.ours() {
		_ = unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, group)
	}
}

// take puts spor's own group in the foreground.
func (t *Terminal) take() {
	if t != nil {
		_ = unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, t.group)
	}
}

// IsTerminal reports whether f is a terminal.
func IsTerminal(f *os.File) bool {
	_, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	return err == nil
}

// Width returns the number of columns of f, 0 if it is no terminal.
func Width(f *os.File) int {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}
