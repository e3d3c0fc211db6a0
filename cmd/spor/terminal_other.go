//go:build !unix

package main

import "os"

// A terminal is nothing here: there is no foreground to hand over.
type terminal struct{}

func foreground(stdio) *terminal { return nil }

func isTerminal(*os.File) bool { return false }

func terminalWidth(*os.File) int { return 0 }
