package naislog

import (
	"bytes"
	"io"

	"github.com/nais/spor/internal/privacy"
)

// lineWriter gets the lines that slog's handler writes. It changes each line to the format
// of NAIS, and writes the new line to w. slog's handler calls Write for one line at a time.
type lineWriter struct {
	w     io.Writer
	shape []byte
}

// largestShape is a size in bytes. Only a buffer of at most this size is kept for the next
// line.
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

// headFields is the number of fields that slog writes before the attributes of the program.
const headFields = 4

// shapeLine appends line to dst in the format of NAIS:
//
//   - It changes the names of the levels and the name of the message field.
//   - It removes the prefix that the function mark has added to the message. The data of
//     the prefix becomes fields after the message.
//   - It does not change values that the program's ReplaceAttr has replaced.
//
// shapeLine uses the order of the fields in line: slog writes time, level, source and
// message before all other fields.
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

// shapeLevel appends three things to dst: the level, the quote after the level, and the
// comma after the quote. It returns dst and the rest of line.
func shapeLevel(dst, line []byte) (newDst, rest []byte) {
	end := textEnd(line)
	value := line[:max(end-1, 0)]
	dst = append(appendLevel(dst, value), '"')
	return copyComma(dst, line[end:])
}

// shapeMessage appends three things to dst: the message without its prefix, the fields that
// were in the prefix, and the rest of line.
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

// appendField appends a comma and a field to dst. value is the text of the field, and is
// already escaped for JSON.
func appendField(dst []byte, key string, value []byte) []byte {
	dst = append(append(append(dst, `,"`...), key...), `":"`...)
	return append(append(dst, value...), '"')
}

// fieldEnd finds the first field of line and the comma that follows this field. It returns the
// position after the comma. It returns 0 if no other field follows, or if line does not start
// with a field.
func fieldEnd(line []byte) int {
	if line[0] != '"' {
		return 0
	}
	end := 1 + textEnd(line[1:]) + 1 // the position after the key and its colon
	if end >= len(line) {
		return 0
	}
	end += valueEnd(line[end:])
	if end >= len(line) || line[end] != ',' {
		return 0
	}
	return end + 1
}

// valueEnd returns the end of the JSON value at the start of line. The end is the position
// of the comma or bracket that follows the value.
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

// textEnd returns the position after the closing quote of a JSON string. line starts after
// the opening quote.
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

// appendLevel appends a level to dst. text is the level as slog writes it, for example
// INFO+1. The appended name is the name by which the Logs tab filters. If text is not a
// level of slog, it is appended unchanged.
func appendLevel(dst, text []byte) []byte {
	for _, word := range [...]string{"DEBUG", "INFO", "WARN", "ERROR"} {
		if len(text) < len(word) || string(text[:len(word)]) != word {
			continue
		}
		switch offset := text[len(word):]; {
		case len(offset) == 0 || offset[0] == '+':
			return append(dst, word...)
		case offset[0] == '-': // slog has no name for levels below DEBUG
			return append(dst, "TRACE"...)
		}
	}
	return append(dst, text...)
}
