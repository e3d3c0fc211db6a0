//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// A terminal is the one that spor is in the foreground of. A nil terminal is
// none, and its methods do nothing.
type terminal struct {
	fd    int
	group int // spor's own process group
}

// foreground returns the terminal to hand to the command, nil if there is none
// to hand over: spor is not in its foreground, or a neighbour in a pipeline
// reads from it (as in "spor run ... | less") or types into it.
func foreground(std stdio) *terminal {
	t := &terminal{fd: int(std.in.Fd()), group: unix.Getpgrp()}
	if !isTerminal(std.out) || !t.ours() {
		return nil
	}
	return t
}

// ours reports whether spor's group is in the foreground. It is not when the
// file is not spor's terminal.
func (t *terminal) ours() bool {
	group, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	return err == nil && group == t.group
}

// give puts group in the foreground if spor's own is there.
func (t *terminal) give(group int) {
	if t != nil && t.ours() {
		_ = unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, group)
	}
}

// take puts spor's own group in the foreground.
func (t *terminal) take() {
	if t != nil {
		_ = unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, t.group)
	}
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	return err == nil
}

// terminalWidth returns the number of columns of f, 0 if it is no terminal.
func terminalWidth(f *os.File) int {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}
