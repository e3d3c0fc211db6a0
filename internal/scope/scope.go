// Package scope returns the version of the instrumentation scopes of this module.
package scope

import (
	"runtime/debug"
	"sync"
)

const module = "github.com/nais/spor"

// Version returns the version of this module in the running binary. Usually this is the
// version in the program's go.mod. If spor itself is the main module, the version is
// "(devel)". If the binary has no build information, the version is "".
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
