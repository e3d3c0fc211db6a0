package environ

import "strings"

// nameTypos records a problem for each variable whose name differs by one letter from the name
// of a supported variable that was read. It must be called after all variables were read. The
// value is not recorded, because it may be a secret.
func nameTypos(env *Environment) {
	for _, pair := range env.All() {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "OTEL_") || env.names[name] || value == "" {
			continue
		}
		for known := range env.names {
			if unsupported[known] == "" && isTypo(name, known) {
				env.wrongSecret(name, "has no effect (rename it to "+known+", or remove it)")
			}
		}
	}
}

// isTypo reports whether name and known are equal except for one letter that is added, missing
// or wrong, or two letters in the wrong order.
func isTypo(name, known string) bool {
	for name != "" && known != "" && name[0] == known[0] {
		name, known = name[1:], known[1:]
	}
	for name != "" && known != "" && name[len(name)-1] == known[len(known)-1] {
		name, known = name[:len(name)-1], known[:len(known)-1]
	}
	swapped := len(name) == 2 && len(known) == 2 && name[0] == known[1] && name[1] == known[0]
	return len(name) <= 1 && len(known) <= 1 || swapped
}
