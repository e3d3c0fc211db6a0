package naislog

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/errinfo"
)

// slog's handler passes only the encoded line of a record to its writer. Therefore
// additional data for the line is added to the message as a prefix. The prefix starts with a
// nonce that cannot be guessed. Later, the lineWriter removes the prefix. A message with its
// prefix has this form:
//
//	nonce, IDs of the span, [nonce, type, nonce, stack, nonce,] message
//
// If there is no span, the IDs are blanks. The part in brackets is missing if there is no
// error.
var nonce = rand.Text()

const (
	traceBytes = 2 * len(trace.TraceID{})
	markBytes  = traceBytes + 2*len(trace.SpanID{})
)

// mark returns message with a prefix, which contains the data of span and info. If span and
// info are both empty, mark returns message unchanged.
func mark(message string, span trace.SpanContext, info errinfo.Info) string {
	hasError := info.Type != "" || info.Stack != ""
	if !span.IsValid() && !hasError {
		return message
	}
	var b strings.Builder
	b.Grow(4*len(nonce) + markBytes + len(info.Type) + len(info.Stack) + len(message))
	b.WriteString(nonce)
	writeIdentity(&b, span)
	if hasError {
		for _, text := range [...]string{nonce, info.Type, nonce, info.Stack, nonce} {
			b.WriteString(text)
		}
	}
	b.WriteString(message)
	return b.String()
}

func writeIdentity(b *strings.Builder, span trace.SpanContext) {
	var ids [markBytes]byte
	if span.IsValid() {
		traceID, spanID := span.TraceID(), span.SpanID()
		hex.Encode(ids[:], traceID[:])
		hex.Encode(ids[traceBytes:], spanID[:])
	} else {
		for i := range ids {
			ids[i] = ' '
		}
	}
	b.Write(ids[:])
}

// marked contains the parts of a message. T is string if the message is plain text. T is []byte
// if the message is the escaped content of a JSON string in a line.
type marked[T string | []byte] struct {
	mark T // the prefix
	ids  T // the IDs of the span; empty if there is no span
	kind T
	rest T // the message; in a line, also everything after the message

	stack T
}

// unmark splits a message into its parts. ok is false if the message has no prefix.
func unmark[T string | []byte](message T) (m marked[T], ok bool) {
	if !hasNonce(message) || len(message) < len(nonce)+markBytes {
		return m, false
	}
	m.rest = message[len(nonce):]
	if m.rest[0] != ' ' {
		m.ids = m.rest[:markBytes]
	}
	if m.rest = m.rest[markBytes:]; hasNonce(m.rest) {
		m.kind, m.rest = cutNonce(m.rest[len(nonce):])
		m.stack, m.rest = cutNonce(m.rest)
	}
	m.mark = message[:len(message)-len(m.rest)]
	return m, true
}

func hasNonce[T string | []byte](text T) bool {
	return len(text) >= len(nonce) && string(text[:len(nonce)]) == nonce
}

func cutNonce[T string | []byte](text T) (before, after T) {
	for i := 0; i+len(nonce) <= len(text); i++ {
		if text[i] == nonce[0] && string(text[i:i+len(nonce)]) == nonce {
			return text[:i], text[i+len(nonce):]
		}
	}
	return text, text[len(text):]
}

// markedOptions returns opts with a new ReplaceAttr. The new function calls the program's
// ReplaceAttr, but first removes the prefix from the message.
func markedOptions(opts *slog.HandlerOptions) *slog.HandlerOptions {
	if opts == nil || opts.ReplaceAttr == nil {
		return opts
	}
	hiding := *opts
	hiding.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) > 0 || a.Key != slog.MessageKey || a.Value.Kind() != slog.KindString {
			return opts.ReplaceAttr(groups, a)
		}
		m, found := unmark(a.Value.String())
		if !found {
			return opts.ReplaceAttr(groups, a)
		}
		return withMark(m, opts.ReplaceAttr(groups, slog.String(a.Key, m.rest)))
	}
	return &hiding
}

// withMark changes an attribute that the program's ReplaceAttr has returned for the message. If
// a is still the message, withMark adds the prefix again. Otherwise it returns a group: the
// attribute a, and one attribute for each value in the prefix.
func withMark(m marked[string], a slog.Attr) slog.Attr {
	if a.Key == slog.MessageKey && a.Value.Kind() == slog.KindString {
		return slog.String(a.Key, m.mark+a.Value.String())
	}
	attrs := []slog.Attr{a}
	if m.ids != "" {
		attrs = append(attrs, slog.String(traceKey, m.ids[:traceBytes]), slog.String(spanKey, m.ids[traceBytes:]))
	}
	if m.kind != "" {
		attrs = append(attrs, slog.String(errorTypeKey, m.kind))
	}
	if m.stack != "" {
		attrs = append(attrs, slog.String(stackKey, m.stack))
	}
	return slog.Attr{Value: slog.GroupValue(attrs...)}
}
