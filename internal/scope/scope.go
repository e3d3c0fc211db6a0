// Package scope returns the version of the instrumentation scopes of this module.
package scope

import (
	"runtime/debug"
	"sync"
)

const module = "github.com/nais/spor"

// Version returns the version of this module in the running binary: the one in
// the program's go.mod, "(devel)" when spor is itself the main module, and ""
// when the binary has no build information.
var Version = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	if info.Main.Path == module {
		return info.Main.Version
	}
	for _, dep := range info.Deps {
		if dep.Path == module {
			return dep.Version
		}
	}
	return ""
})
