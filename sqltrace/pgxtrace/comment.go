package pgxtrace

import (
	"encoding/binary"

	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// withComment inserts comment into the messages in p, and returns the new messages. comment
// is inserted at the end of each statement whose text the server does not keep. These are
// simple queries and unnamed statements. p itself does not change.
func withComment(p []byte, comment string) []byte {
	var out []byte
	done := 0 // number of bytes of p that were copied to out
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

// messageEnd returns the end of the message that begins at pos. A message starts with one
// byte for its type and four bytes for its length. The length includes these four bytes.
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

// statementEnd returns the end of the statement in message. If message does not contain a
// statement that may get a comment, ok is false.
func statementEnd(message []byte) (end int, ok bool) {
	begin := 5
	switch {
	case message[0] == 'Q':
	case message[0] == 'P' && len(message) > 5 && message[5] == 0: // Parse without a name
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
