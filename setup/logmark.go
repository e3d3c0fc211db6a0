package setup

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

// slog's handler passes nothing of a record to its writer but the line. The
// span's identity travels in the message, behind a nonce that nobody can guess,
// and is taken out of it by the lineWriter.
var nonce = rand.Text()

const (
	traceBytes = 2 * len(trace.TraceID{})
	markBytes  = traceBytes + 2*len(trace.SpanID{})
)

func mark(message string, span trace.SpanContext) string {
	traceID, spanID := span.TraceID(), span.SpanID()
	var ids [markBytes]byte
	hex.Encode(ids[:], traceID[:])
	hex.Encode(ids[traceBytes:], spanID[:])
	var b strings.Builder
	b.Grow(len(nonce) + len(ids) + len(message))
	b.WriteString(nonce)
	b.Write(ids[:])
	b.WriteString(message)
	return b.String()
}

// unmark returns the message that the program wrote, and the mark before it.
func unmark(message string) (mark, own string) {
	if len(message) < len(nonce)+markBytes || !strings.HasPrefix(message, nonce) {
		return "", message
	}
	return message[:len(nonce)+markBytes], message[len(nonce)+markBytes:]
}

// markedOptions returns opts with a ReplaceAttr that hides the mark from the
// program's.
func markedOptions(opts *slog.HandlerOptions) *slog.HandlerOptions {
	if opts == nil || opts.ReplaceAttr == nil {
		return opts
	}
	marked := *opts
	marked.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) > 0 || a.Key != slog.MessageKey || a.Value.Kind() != slog.KindString {
			return opts.ReplaceAttr(groups, a)
		}
		mark, own := unmark(a.Value.String())
		if mark == "" {
			return opts.ReplaceAttr(groups, a)
		}
		return withMark(mark, opts.ReplaceAttr(groups, slog.String(a.Key, own)))
	}
	return &marked
}

// withMark puts the mark back, or, where the message is none any more, the span
// beside it.
func withMark(mark string, a slog.Attr) slog.Attr {
	if a.Key == slog.MessageKey && a.Value.Kind() == slog.KindString {
		return slog.String(a.Key, mark+a.Value.String())
	}
	ids := mark[len(nonce):]
	return slog.Attr{Value: slog.GroupValue(a,
		slog.String(traceKey, ids[:traceBytes]),
		slog.String(spanKey, ids[traceBytes:]))}
}
