package sqltrace

// Forget adds a package to noStatementCache, so that its driver gets comments. undo removes
// the package again.
func Forget(path string) (undo func()) {
	noStatementCache[path] = true
	return func() { delete(noStatementCache, path) }
}
