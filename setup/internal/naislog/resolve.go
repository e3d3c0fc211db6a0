package naislog

import (
	"log/slog"
	"strings"
	"unicode/utf8"
)

// resolved returns the value of a LogValuer, and any other value unchanged. If slog cannot get
// the value, for example because the method LogValue panics, resolved returns a text. slog
// returns an error then, but the program has not logged an error.
func resolved(v slog.Value) slog.Value {
	if v.Kind() != slog.KindLogValuer {
		return v
	}
	v = v.Resolve()
	if v.Kind() != slog.KindAny {
		return v
	}
	if err, ok := v.Any().(error); ok {
		if text := messageOf(err); strings.HasPrefix(text, "LogValue ") {
			return slog.StringValue(text)
		}
	}
	return v
}

// textOf returns v as text, if v is text or bytes with text.
func textOf(v slog.Value) (text string, ok bool) {
	switch v.Kind() {
	case slog.KindString:
		return v.String(), true
	case slog.KindAny:
		if b, isBytes := v.Any().([]byte); isBytes && utf8.Valid(b) {
			return string(b), true
		}
	}
	return "", false
}

func messagesOf(errs []error) []string {
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = messageOf(err)
	}
	return texts
}

// messageOf returns err.Error(). If that call panics, messageOf returns "<nil>". For
// example, the call panics if err is nil.
func messageOf(err error) (message string) {
	defer func() {
		if recover() != nil {
			message = "<nil>"
		}
	}()
	return err.Error()
}
