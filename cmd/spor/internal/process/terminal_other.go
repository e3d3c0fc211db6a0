//go:build !unix

package process

import "os"

// A Terminal is nothing here: there is no foreground to hand over.
type Terminal struct{}

func Foreground(_, _ *os.File) *Terminal { return nil }

func IsTerminal(*os.File) bool { return false }

func Width(*os.File) int { return 0 }
