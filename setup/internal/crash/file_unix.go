//go:build unix

package crash

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// openAsIs contains two flags for opening a file. With them, symbolic links are refused,
// and opening a pipe does not wait for the other end of the pipe.
const openAsIs = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

func checkPrivate(info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok:
		return errors.New("has no known owner")
	case int(stat.Uid) != os.Geteuid():
		return fmt.Errorf("belongs to user %d, not to user %d", stat.Uid, os.Geteuid())
	case stat.Nlink != 1:
		return fmt.Errorf("has %d hard links", stat.Nlink)
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("is accessible to other users (mode %04o)", info.Mode().Perm())
	}
	return nil
}
