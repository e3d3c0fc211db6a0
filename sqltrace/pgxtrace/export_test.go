package pgxtrace

// WithComment exports withComment.
func WithComment(p []byte, comment string) []byte { return withComment(p, comment) }

// Messages returns the number of messages in p.
func Messages(p []byte) (n int) {
	for pos, ok := messageEnd(p, 0); ok; pos, ok = messageEnd(p, pos) {
		n++
	}
	return n
}
