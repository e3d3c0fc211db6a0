package privacy

// SecretNames returns the names of credentials.
func SecretNames() []string { return secretNames[:] }

// These functions use the standard names.

func Line(line []byte) []byte        { return standard.Line(line) }
func Cut(s string, limit int) string { return standard.Cut(s, limit) }
func Key(key string) string          { return standard.Key(key) }
func IsSecret(name string) bool      { return standard.IsSecret(name) }
