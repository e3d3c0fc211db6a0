package main

import (
	"bytes"
	"unicode/utf8"
)

// maxLine is the maximum number of bytes of a line. A longer line is split into parts.
const maxLine = 1 << 20

// A lineSplitter splits its input into lines. It calls the function emit for each line, and
// passes the line without the newline. If a line is longer than maxLine, the lineSplitter splits
// the line into parts, and calls emit for each part. The argument continued is true for all
// parts except the last.
type lineSplitter struct {
	emit func(text string, continued bool)
	part []byte // the beginning of the current line, at most maxLine bytes
}

func (l *lineSplitter) write(p []byte) {
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		ends := i >= 0
		text := p
		if ends {
			text = p[:i]
		}
		if room := maxLine - len(l.part); len(text) > room {
			room = characterStart(text, room)
			l.part = append(l.part, text[:room]...)
			p = p[room:]
			l.flush(true)
			continue
		}
		l.part = append(l.part, text...)
		p = p[len(text):]
		if ends {
			p = p[1:]
			l.flush(false)
		}
	}
}

// The method end emits the last line if the input does not end with a newline.
func (l *lineSplitter) end() {
	if len(l.part) > 0 {
		l.flush(false)
	}
}

func (l *lineSplitter) flush(continued bool) {
	l.emit(string(l.part), continued)
	l.part = l.part[:0]
}

// characterStart returns the index of the first byte of the UTF-8 character that contains byte
// i of text. If text is not valid UTF-8 at i, it returns i.
func characterStart(text []byte, i int) int {
	for start := i; start > 0 && start > i-utf8.UTFMax; start-- {
		if utf8.RuneStart(text[start]) {
			return start
		}
	}
	return i
}
