package crash

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
)

// openFile opens the file for reading and appending, and creates the file if necessary. It
// is possible that another user can write to the directory and has already placed a file
// there. openFile never reads or writes such a file. It accepts only a regular file that
// belongs to this user and that no other user can access.
func openFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_APPEND|openAsIs, 0)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = os.OpenFile(name, os.O_RDWR|os.O_APPEND|openAsIs|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = checkFile(info)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%s %w (remove the file, or choose another one with setup.WithCrashFile)", name, err)
	}
	return f, nil
}

func checkFile(info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return errors.New("is not a regular file")
	}
	return checkPrivate(info)
}

// FileIn returns the path of this program's crash file in dir. Each program has its own
// file name. The name and the directory of the binary are not enough to identify a program
// that is started with go run. The name can be the same for every program, and the
// directory is new for each run. Therefore, the file name contains a hash of these values:
// the user, the main package (or the name of the binary), the module, the working
// directory, and app.
func FileIn(dir, app string) string {
	var main, module string
	if info, ok := debug.ReadBuildInfo(); ok {
		main, module = info.Path, info.Main.Path
	}
	if main == "command-line-arguments" { // the program was started with go run main.go
		main = ""
	}
	binary, _ := os.Executable()
	binary = strings.TrimSuffix(filepath.Base(binary), ".exe")
	folder, _ := os.Getwd()
	sum := sha256.Sum256([]byte(strings.Join([]string{strconv.Itoa(os.Geteuid()), cmp.Or(main, binary), module, folder, app}, "\x00")))
	name := path.Base(cmp.Or(main, module, binary))
	return filepath.Join(dir, "spor-crash-"+fileName(name)+"-"+hex.EncodeToString(sum[:6])+".log")
}

// fileName returns name with "-" instead of each character that a file name should not
// contain.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '-'
	}, name)
}
