package slog

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"time"
)

// SporHandler makes the handlers of the tests. It may be nil.
var SporHandler func(io.Writer, *HandlerOptions) Handler

// SporJSONHandler takes the place of NewJSONHandler.
func SporJSONHandler(w io.Writer, opts *HandlerOptions) Handler {
	if SporHandler == nil {
		return NewJSONHandler(w, opts)
	}
	return SporHandler(w, opts)
}

// jsonValueString takes the place of the tests' own function. It logs an attribute with the
// value v, and returns the text of the value in the line.
func jsonValueString(v Value) string {
	if SporHandler == nil {
		return sporValueString(v)
	}
	var line bytes.Buffer
	r := NewRecord(time.Time{}, LevelInfo, "", 0)
	r.AddAttrs(Attr{"value", v})
	if err := SporHandler(&line, nil).Handle(context.Background(), r); err != nil {
		return err.Error()
	}
	var fields struct{ Value json.RawMessage }
	if err := json.Unmarshal(line.Bytes(), &fields); err != nil {
		return err.Error()
	}
	return string(fields.Value)
}
