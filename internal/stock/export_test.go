package stock

// Versions returns the version of each library, by its name.
func Versions() map[string]string {
	versions := map[string]string{}
	for _, l := range libraries {
		versions[l.name] = l.version
	}
	return versions
}

// Completes reports whether the library with this name has rules.
func Completes(name string) bool {
	for _, l := range libraries {
		if l.name == name {
			return len(l.rules) > 0
		}
	}
	return false
}
