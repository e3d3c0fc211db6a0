package pgxtrace

import (
	"encoding/binary"

	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// withComment returns the messages that p is made of with comment at the end of
// each statement that the server does not remember: of those that it is to execute at
// once, and of unnamed statements. p itself does not change.
func withComment(p []byte, comment string) []byte {
	var out []byte
	done := 0 // how much of p is in out
	for pos := 0; ; {
		end, ok := messageEnd(p, pos)
		if !ok {
			break
		}
		if text, is := statementEnd(p[pos:end]); is {
			out = append(out, p[done:pos+1]...)
			out = binary.BigEndian.AppendUint32(out, uint32(end-pos-1+len(comment)))
			out = append(out, p[pos+5:pos+text]...)
			out = append(out, comment...)
			done = pos + text
		}
		pos = end
	}
	if out == nil {
		return p
	}
	return append(out, p[done:]...)
}

// messageEnd returns where the message that begins at pos ends: a type, and a
// length that counts itself.
func messageEnd(p []byte, pos int) (end int, ok bool) {
	if len(p)-pos < 5 {
		return 0, false
	}
	length := binary.BigEndian.Uint32(p[pos+1:])
	if length < 4 || uint64(length) > uint64(len(p)-pos-1) {
		return 0, false
	}
	return pos + 1 + int(length), true
}

// statementEnd returns where the statement in a message ends that takes a comment.
func statementEnd(message []byte) (end int, ok bool) {
	begin := 5
	switch {
	case message[0] == 'Q':
	case message[0] == 'P' && len(message) > 5 && message[5] == 0: // Parse, without a name
		begin = 6
	default:
		return 0, false
	}
	for i := begin; i < len(message); i++ {
		if message[i] == 0 {
			return begin + sqldb.EndOfStatement(message[begin:i]), true
		}
	}
	return 0, false
}
