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

// openFile opens the file for reading and appending, and creates it if there
// is none. The folder may be one that others write to, so the file must be a
// regular one that belongs to this user alone: a planted one is neither read nor
// written.
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
		return nil, fmt.Errorf("%s %w (remove it, or choose another with setup.WithCrashFile)", name, err)
	}
	return f, nil
}

func checkFile(info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return errors.New("is not a regular file")
	}
	return checkPrivate(info)
}

// FileIn returns the file of this program in dir. The name is the program's
// own: `go run` calls every program alike, and keeps each in another folder for
// each run, so the name is made of the path of the main package and of the working
// directory.
func FileIn(dir, app string) string {
	var main, module string
	if info, ok := debug.ReadBuildInfo(); ok {
		main, module = info.Path, info.Main.Path
	}
	if main == "command-line-arguments" { // go run main.go
		main = ""
	}
	binary, _ := os.Executable()
	binary = strings.TrimSuffix(filepath.Base(binary), ".exe")
	folder, _ := os.Getwd()
	sum := sha256.Sum256([]byte(strings.Join([]string{strconv.Itoa(os.Geteuid()), cmp.Or(main, binary), module, folder, app}, "\x00")))
	name := path.Base(cmp.Or(main, module, binary))
	return filepath.Join(dir, "spor-crash-"+fileName(name)+"-"+hex.EncodeToString(sum[:6])+".log")
}

// fileName returns name without what does not belong in a file's name.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '-'
	}, name)
}
