//go:build !unix

package process

import "os"

// A Terminal is empty on this system, because a terminal has no foreground group here.
type Terminal struct{}

// Foreground returns nil.
func Foreground(_, _ *os.File) *Terminal { return nil }

// IsTerminal returns false.
func IsTerminal(*os.File) bool { return false }

// Width returns 0.
func Width(*os.File) int { return 0 }
