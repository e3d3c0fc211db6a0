package naislog

import (
	"bytes"
	"io"

	"github.com/nais/spor/internal/privacy"
)

// lineWriter puts the lines of slog's handler into shape, which writes one at a
// time.
type lineWriter struct {
	w     io.Writer
	shape []byte
}

// largestShape is the largest buffer that is kept for the next line.
const largestShape = 64 << 10

func (l *lineWriter) Write(line []byte) (int, error) {
	shape := shapeLine(l.shape[:0], line)
	if cap(shape) <= largestShape {
		l.shape = shape
	}
	if _, err := l.w.Write(privacy.Line(shape)); err != nil {
		return 0, err
	}
	return len(line), nil
}

// headFields is how many fields slog writes before those of the program.
const headFields = 4

// shapeLine appends line to dst with NAIS's words for level and message, and
// with the identity of the span that the message is marked with behind it. slog
// writes time, level, source and message first; what a ReplaceAttr of the
// program changed of them stays as the program wants it.
func shapeLine(dst, line []byte) []byte {
	dst, line = append(dst, line[:1]...), line[1:]
	for range headFields {
		if after, found := bytes.CutPrefix(line, []byte(`"level":"`)); found {
			dst, line = append(dst, `"level":"`...), after
			dst, line = shapeLevel(dst, line)
			continue
		}
		if after, found := bytes.CutPrefix(line, []byte(`"msg":`)); found {
			return shapeMessage(dst, after)
		}
		end := fieldEnd(line)
		if end == 0 {
			break
		}
		dst, line = append(dst, line[:end]...), line[end:]
	}
	return append(dst, line...)
}

// shapeLevel moves the value of the level, the quote and the comma behind it.
func shapeLevel(dst, line []byte) (newDst, rest []byte) {
	end := textEnd(line)
	value := line[:max(end-1, 0)]
	dst = append(appendLevel(dst, value), '"')
	return copyComma(dst, line[end:])
}

// shapeMessage moves the message, without its mark, and what is behind it.
func shapeMessage(dst, line []byte) []byte {
	dst = append(dst, `"message":`...)
	text, isText := bytes.CutPrefix(line, []byte{'"'})
	m, isMarked := unmark(text)
	if !isText || !isMarked {
		return append(dst, line...)
	}
	end := textEnd(m.rest)
	dst = append(append(dst, '"'), m.rest[:end]...)
	if len(m.ids) > 0 {
		dst = appendField(dst, traceKey, m.ids[:traceBytes])
		dst = appendField(dst, spanKey, m.ids[traceBytes:])
	}
	if len(m.kind) > 0 {
		dst = appendField(dst, errorTypeKey, m.kind)
	}
	if len(m.stack) > 0 {
		dst = appendField(dst, stackKey, m.stack)
	}
	return append(dst, m.rest[end:]...)
}

// appendField appends a field behind another. The value is the inside of a JSON
// string.
func appendField(dst []byte, key string, value []byte) []byte {
	dst = append(append(append(dst, `,"`...), key...), `":"`...)
	return append(append(dst, value...), '"')
}

// fieldEnd returns the end of the first field of line and its comma. It is 0 for
// the last one, and where there is none.
func fieldEnd(line []byte) int {
	if line[0] != '"' {
		return 0
	}
	end := 1 + textEnd(line[1:]) + 1 // the key and its colon
	if end >= len(line) {
		return 0
	}
	end += valueEnd(line[end:])
	if end >= len(line) || line[end] != ',' {
		return 0
	}
	return end + 1
}

// valueEnd returns the end of the JSON value that line begins with: the comma or
// the bracket behind it.
func valueEnd(line []byte) int {
	depth := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '"':
			i += textEnd(line[i+1:])
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(line)
}

// textEnd returns the end of the JSON text whose opening quote is just before
// line.
func textEnd(line []byte) int {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(line)
}

func copyComma(dst, line []byte) (newDst, rest []byte) {
	if rest, found := bytes.CutPrefix(line, []byte(",")); found {
		return append(dst, ','), rest
	}
	return dst, line
}

// appendLevel appends the word that the Logs tab filters by for what slog calls
// a level; what is no level of slog's stays.
func appendLevel(dst, text []byte) []byte {
	for _, word := range [...]string{"DEBUG", "INFO", "WARN", "ERROR"} {
		if len(text) < len(word) || string(text[:len(word)]) != word {
			continue
		}
		switch offset := text[len(word):]; {
		case len(offset) == 0 || offset[0] == '+':
			return append(dst, word...)
		case offset[0] == '-': // there is none below DEBUG
			return append(dst, "TRACE"...)
		}
	}
	return append(dst, text...)
}
