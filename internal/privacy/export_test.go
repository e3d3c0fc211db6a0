package privacy

// SecretNames returns the names of credentials.
func SecretNames() []string { return secretNames[:] }
