//go:build !unix

package standing

import "os"

const noFollow = 0

// Without locks, no listener is ever found.
func lock(*os.File) bool     { return true }
func isLocked(*os.File) bool { return false }
func private(*os.File) bool  { return true }
