package setup

import (
	"bytes"
	"encoding/hex"
	"io"
	"log/slog"
	"sync"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/privacy"
)

// lineWriter puts the line of slog's handler into shape. Its mutex is held
// around that handler, which tells it nothing of the record.
type lineWriter struct {
	mu    sync.Mutex
	w     io.Writer
	level slog.Level
	span  trace.SpanContext
	shape []byte
}

// largestShape is the largest buffer that is kept for the next line.
const largestShape = 64 << 10

func (l *lineWriter) Write(line []byte) (int, error) {
	shape := shapeLine(l.shape[:0], line, l.level, l.span)
	if cap(shape) <= largestShape {
		l.shape = shape
	}
	if _, err := l.w.Write(privacy.Line(shape)); err != nil {
		return 0, err
	}
	return len(line), nil
}

// shapeLine appends line to dst with NAIS's words for level and message, and
// with the span's identity behind the message. slog writes time, level, source
// and message first; what a ReplaceAttr of the program changed of them stays as
// the program wants it.
func shapeLine(dst, line []byte, level slog.Level, span trace.SpanContext) []byte {
	dst, line = append(dst, line[:1]...), line[1:]
	dst, line = shapeHead(dst, line, level)
	if span.IsValid() {
		dst = appendSpan(dst, span)
		if line[0] != '}' {
			dst = append(dst, ',')
		}
	}
	return append(dst, line...)
}

// headFields is how many fields slog writes before those of the program.
const headFields = 4

// shapeHead moves the fields up to the message, and the commas behind them.
func shapeHead(dst, line []byte, level slog.Level) (newDst, rest []byte) {
	for range headFields {
		if after, found := cutLevel(line, level); found {
			dst = append(append(append(dst, `"level":"`...), levelName(level)...), '"')
			dst, line = copyComma(dst, after)
			continue
		}
		if after, found := bytes.CutPrefix(line, []byte(`"msg":`)); found {
			dst = append(dst, `"message":`...)
			end := textEnd(after)
			return copyComma(append(dst, after[:end]...), after[end:])
		}
		end := fieldEnd(line)
		if end == 0 {
			break
		}
		dst, line = append(dst, line[:end]...), line[end:]
	}
	return dst, line
}

// cutLevel returns line behind the level field, if it is as slog wrote it.
func cutLevel(line []byte, level slog.Level) (after []byte, found bool) {
	after, found = bytes.CutPrefix(line, []byte(`"level":"`))
	if !found {
		return nil, false
	}
	after, found = bytes.CutPrefix(after, []byte(level.String()))
	if !found {
		return nil, false
	}
	return bytes.CutPrefix(after, []byte(`"`))
}

// fieldEnd returns the end of the first field of line and its comma: a text or
// the source. It is 0 for another field, and for the last one.
func fieldEnd(line []byte) int {
	end := textEnd(line) + 1 // the key and its colon
	switch {
	case end >= len(line):
		return 0
	case line[end] == '"':
		end += textEnd(line[end:])
	case bytes.HasPrefix(line, []byte(`"source":{`)):
		end = bytes.IndexByte(line, '}') + 1
	default:
		return 0
	}
	if end >= len(line) || line[end] != ',' {
		return 0
	}
	return end + 1
}

// textEnd returns the end of the JSON text at the start of line.
func textEnd(line []byte) int {
	for i := 1; i < len(line); i++ {
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

func appendSpan(dst []byte, span trace.SpanContext) []byte {
	if last := dst[len(dst)-1]; last != ',' && last != '{' {
		dst = append(dst, ',')
	}
	traceID, spanID := span.TraceID(), span.SpanID()
	dst = append(dst, `"trace_id":"`...)
	dst = hex.AppendEncode(dst, traceID[:])
	dst = append(dst, `","span_id":"`...)
	dst = hex.AppendEncode(dst, spanID[:])
	return append(dst, '"')
}

// levelName returns the word that the Logs tab filters by: slog's own are more.
func levelName(level slog.Level) string {
	switch {
	case level < slog.LevelDebug:
		return "TRACE"
	case level < slog.LevelInfo:
		return "DEBUG"
	case level < slog.LevelWarn:
		return "INFO"
	case level < slog.LevelError:
		return "WARN"
	}
	return "ERROR"
}
