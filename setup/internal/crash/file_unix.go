//go:build unix

package crash

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// openAsIs opens no file that a link leads to, and does not wait for the other end
// of a pipe.
const openAsIs = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// checkPrivate checks that the file is this user's alone.
func checkPrivate(info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok:
		return errors.New("has no known owner")
	case int(stat.Uid) != os.Geteuid():
		return fmt.Errorf("belongs to the user %d, not to %d", stat.Uid, os.Geteuid())
	case stat.Nlink != 1:
		return fmt.Errorf("has %d names", stat.Nlink)
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("is open to other users, with mode %04o", info.Mode().Perm())
	}
	return nil
}
