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
	dir, args := ".", argv[1:]
	if args[0] == "-C" && len(args) > 2 {
		dir, args = args[1], args[2:]
	}
	if args[0] != "run" {
		return ""
	}
	target := runTarget(args[1:])
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
