package main

import (
	"bytes"
	"unicode/utf8"
)

// maxLine is the length in bytes from which a line is cut into several.
const maxLine = 1 << 20

// A lineSplitter cuts what is written to it into lines.
type lineSplitter struct {
	emit func(text string, continued bool)
	part []byte // of a line, at most maxLine
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

// end emits a last line that has no newline.
func (l *lineSplitter) end() {
	if len(l.part) > 0 {
		l.flush(false)
	}
}

func (l *lineSplitter) flush(continued bool) {
	l.emit(string(l.part), continued)
	l.part = l.part[:0]
}

// characterStart returns i, or a little less if that is in the middle of a
// character of text.
func characterStart(text []byte, i int) int {
	for start := i; start > 0 && start > i-utf8.UTFMax; start-- {
		if utf8.RuneStart(text[start]) {
			return start
		}
	}
	return i
}
