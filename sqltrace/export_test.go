package sqltrace

// Forget makes the driver of a package one that caches no texts, until undo.
func Forget(path string) (undo func()) {
	noStatementCache[path] = true
	return func() { delete(noStatementCache, path) }
}
