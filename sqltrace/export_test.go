package sqltrace

// Forget makes the driver of a package one that remembers no texts, until undo.
func Forget(path string) (undo func()) {
	forgetful[path] = true
	return func() { delete(forgetful, path) }
}
