package pgxtrace

// WithComment is what the writer of a commented statement does.
func WithComment(p []byte, comment string) []byte { return withComment(p, comment) }

// Messages returns how many messages p is made of.
func Messages(p []byte) (n int) {
	for pos, ok := messageEnd(p, 0); ok; pos, ok = messageEnd(p, pos) {
		n++
	}
	return n
}
