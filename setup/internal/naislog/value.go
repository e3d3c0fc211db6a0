package naislog

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/nais/spor/internal/privacy"
)

// longest is the maximum length of a value in a line, in bytes. A longer value is cut. It is
// Loki's default for the length of a line.
const longest = 256 << 10

// The method value writes the value of a. The key is already written; it begins at start. If a
// method of the value panics, the panic is written instead.
func (l *line) value(start int, a slog.Attr) {
	begin := len(l.buf)
	defer func() {
		if cause := recover(); cause != nil {
			l.buf = l.buf[:begin]
			l.panicked(a, cause)
		}
	}()
	switch v := a.Value; v.Kind() {
	case slog.KindString:
		l.text(a.Key, v.String())
	case slog.KindInt64:
		l.number(a.Key, v.Int64())
	case slog.KindUint64:
		if n := v.Uint64(); n <= math.MaxInt64 {
			l.number(a.Key, int64(n))
		} else {
			l.buf = strconv.AppendUint(l.buf, n, 10)
		}
	case slog.KindFloat64:
		l.float(a.Key, v.Float64())
	case slog.KindBool:
		l.buf = strconv.AppendBool(l.buf, v.Bool())
	case slog.KindDuration:
		l.buf = append(append(append(l.buf, '"'), v.Duration().String()...), '"')
	case slog.KindTime:
		l.time(v.Time())
	default:
		l.any(start, a)
	}
}

func (l *line) time(t time.Time) {
	l.buf = append(t.AppendFormat(append(l.buf, '"'), time.RFC3339Nano), '"')
}

func (l *line) panicked(a slog.Attr, cause any) {
	if v := reflect.ValueOf(a.Value.Any()); v.Kind() == reflect.Pointer && v.IsNil() {
		l.quote("<nil>") // as slog does: the method does not expect a nil pointer
		return
	}
	l.text(a.Key, fmt.Sprintf("!PANIC: %v", cause))
}

func (l *line) number(key string, n int64) {
	if l.masks && privacy.Number(n) && !privacy.Counts(key) {
		n = privacy.MaskedNumber
	}
	l.buf = strconv.AppendInt(l.buf, n, 10)
}

// float writes f in the format of encoding/json.
func (l *line) float(key string, f float64) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		l.text(key, "!ERROR:json: unsupported value: "+strconv.FormatFloat(f, 'g', -1, 64))
		return
	}
	if l.masks && privacy.Float(f) && !privacy.Counts(key) {
		f = privacy.MaskedNumber
	}
	format := byte('f')
	if size := math.Abs(f); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	l.buf = strconv.AppendFloat(l.buf, f, format, -1, 64)
	if n := len(l.buf); format == 'e' && l.buf[n-4] == 'e' && l.buf[n-3] == '-' && l.buf[n-2] == '0' {
		l.buf = append(l.buf[:n-2], l.buf[n-1]) // e-09 becomes e-9
	}
}

// The method any writes a value for which encoding/json is needed, or an error.
func (l *line) any(start int, a slog.Attr) {
	value := a.Value.Any()
	switch v := value.(type) {
	case nil:
		l.buf = append(l.buf, "null"...)
		return
	case error:
		l.text(a.Key, v.Error())
		return
	case []error:
		value = messagesOf(v)
	case frozen:
		if text, ok := v.text(); ok {
			l.text(a.Key, text)
			return
		}
	default:
		if text, ok := textOf(a.Value); ok && !reflect.ValueOf(value).IsNil() {
			l.text(a.Key, text)
			return
		}
	}
	begin := len(l.buf)
	if err := l.encode(value); err != nil {
		l.buf = l.buf[:begin]
		l.text(a.Key, "!ERROR:"+err.Error())
		return
	}
	l.mask(start, begin)
}

// mask masks the JSON that begins at the index value. The key of the JSON begins at the index
// start. If the JSON is too long, it is replaced by a text with its beginning.
func (l *line) mask(start, value int) {
	if !l.masks {
		return
	}
	if l.secrets > 0 {
		const secret = `"token":`
		masked := l.names.Line(append([]byte(secret), l.buf[value:]...))
		l.buf = append(l.buf[:value], masked[len(secret):]...)
	}
	l.buf = append(l.buf[:start], l.names.Line(l.buf[start:])...)
	if value = start + keyEnd(l.buf[start:]); len(l.buf)-value > longest {
		text := string(l.buf[value:])
		l.buf = l.buf[:value]
		l.quote(cut(text))
	}
}

// keyEnd returns the index after the first key of b and its colon. A comma may precede the key.
func keyEnd(b []byte) int { return stringEnd(b, bytes.IndexByte(b, '"')) + len(":") }

// stringEnd returns the index after the JSON string that begins at i.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b) && b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return min(i+1, len(b))
}

// text writes s in quotes. Personal numbers and credentials are masked.
func (l *line) text(key, s string) {
	switch {
	case !l.masks:
	case s != "" && l.isSecret(key):
		s = privacy.Redacted
	case len(s) > longest:
		s = cut(l.names.CutBytes(s, longest+utf8.UTFMax))
	default:
		s = l.names.Text(s)
	}
	l.quote(s)
}

// cut returns the beginning of s, if s is too long.
func cut(s string) string {
	if len(s) <= longest {
		return s
	}
	end := longest
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// field writes a field of the line itself.
func (l *line) field(key, text string) {
	l.ownKey(key)
	l.text("", text)
}

// ownKey is like the method key, for a field of the line itself.
func (l *line) ownKey(key string) {
	l.comma()
	l.buf = append(append(append(l.buf, '"'), key...), `":`...)
}

// The method key writes a key and a colon, and before them a comma if another field precedes
// them.
func (l *line) key(key string) {
	l.comma()
	if l.masks {
		key = l.names.Key(cut(key))
	}
	l.quote(key)
	l.buf = append(l.buf, ':')
}

func (l *line) comma() {
	if n := len(l.buf); n > 0 && l.buf[n-1] != '{' {
		l.buf = append(l.buf, ',')
	}
}

func (l *line) quote(s string) { l.buf = append(appendEscaped(append(l.buf, '"'), s), '"') }

// appendEscaped appends s to dst, escaped for JSON in the way of slog.
func appendEscaped(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	done := 0
	for i := 0; i < len(s); {
		c, size := rune(s[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRuneInString(s[i:])
		}
		escaped := ""
		switch {
		case c == utf8.RuneError && size == 1:
			escaped = `\ufffd`
		case c == '\u2028': // a line separator, which some readers do not accept
			escaped = `\u2028`
		case c == '\u2029':
			escaped = `\u2029`
		case c == '"':
			escaped = `\"`
		case c == '\\':
			escaped = `\\`
		case c == '\n':
			escaped = `\n`
		case c == '\r':
			escaped = `\r`
		case c == '\t':
			escaped = `\t`
		case c >= ' ':
			i += size
			continue
		}
		dst = append(dst, s[done:i]...)
		if escaped == "" {
			dst = append(dst, `\u00`...)
			dst = append(dst, digits[c>>4], digits[c&15])
		}
		dst = append(dst, escaped...)
		i += size
		done = i
	}
	return append(dst, s[done:]...)
}
