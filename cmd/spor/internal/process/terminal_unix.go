//go:build unix

package process

import (
	"os"

	"golang.org/x/sys/unix"
)

// A Terminal is a terminal that has spor in its foreground. The methods of a nil Terminal do
// nothing.
type Terminal struct {
	fd    int
	group int // spor's own process group
}

// Foreground checks the two files in and out. If spor is in the foreground of the terminal in, and
// out is a terminal too, it returns the terminal in. Otherwise it returns nil. If out is not a
// terminal, another program of a pipeline can use the terminal, as in "spor run ... | less".
func Foreground(in, out *os.File) *Terminal {
	t := &Terminal{fd: int(in.Fd()), group: unix.Getpgrp()}
	if !IsTerminal(out) || !t.ours() {
		return nil
	}
	return t
}

// The method ours reports whether spor's process group is in the foreground of t. It returns
// false if t is not spor's controlling terminal.
func (t *Terminal) ours() bool {
	group, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	return err == nil && group == t.group
}

// The method give changes the foreground group of t, if spor's own group is in the foreground
// now. The new foreground group is the process group with the ID in the argument group.
func (t *Terminal) give(group int) {
	if t != nil && t.ours() {
		_ = unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, group)
	}
}

// The method take puts spor's own group in the foreground of t.
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

// Width returns the number of columns of the terminal f, or 0 if f is not a terminal.
func Width(f *os.File) int {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}
