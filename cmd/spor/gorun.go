package main

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/mod/modfile"
)

// goRunName returns a name for the program that "go run" would run: the last element of the path of
// its package. For the package in the root of a module, this is the last element of the module's
// path. It returns "" if argv is another command, or if the name is not known.
func goRunName(argv []string) string {
	if len(argv) < 2 || strings.TrimSuffix(filepath.Base(argv[0]), ".exe") != "go" {
		return ""
	}
	dir, args := changedDir(".", argv[1:])
	if len(args) == 0 || args[0] != "run" {
		return ""
	}
	dir, args = changedDir(dir, args[1:])
	target := runTarget(args)
	switch {
	case target == "":
		return ""
	case strings.HasSuffix(target, ".go"):
		target = filepath.Dir(target)
	case !strings.HasPrefix(target, ".") && !filepath.IsAbs(target):
		target, _, _ = strings.Cut(target, "@")
		return lastElement(target)
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(dir, target)
	}
	return directoryName(target)
}

// changedDir returns the directory of the flag -C, which must be the first of args, and the rest of
// args.
func changedDir(dir string, args []string) (changed string, rest []string) {
	switch {
	case len(args) > 1 && (args[0] == "-C" || args[0] == "--C"):
		return args[1], args[2:]
	case len(args) > 0 && strings.HasPrefix(strings.TrimLeft(args[0], "-"), "C="):
		_, changed, _ = strings.Cut(args[0], "=")
		return changed, args[1:]
	}
	return dir, args
}

// runTarget returns the first argument of "go run" that is not a flag.
func runTarget(args []string) string {
	for i := 0; i < len(args); i++ {
		name, isFlag := strings.CutPrefix(args[i], "-")
		if !isFlag {
			return args[i]
		}
		if valued.MatchString(name) {
			i++
		}
	}
	return ""
}

// valued matches the flags of "go run" whose value is the next argument.
var valued = regexp.MustCompile(`^-?(C|p|asmflags|buildmode|compiler|covermode|coverpkg|exec|gccgoflags|gcflags|installsuffix|ldflags|mod|modfile|overlay|pgo|pkgdir|tags|toolexec)$`)

// directoryName returns the name of the package in dir.
func directoryName(dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	if content, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil {
		return lastElement(modfile.ModulePath(content))
	}
	return filepath.Base(dir)
}

// lastElement returns the last element of a package's path that is not a major version.
func lastElement(importPath string) string {
	if majorVersion.MatchString(path.Base(importPath)) {
		importPath = path.Dir(importPath)
	}
	if name := path.Base(importPath); name != "." && name != "/" {
		return name
	}
	return ""
}

var majorVersion = regexp.MustCompile(`^v[0-9]+$`)
