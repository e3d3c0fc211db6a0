package zaptrace

import (
	"context"
	"io"
	"log/slog"
	"slices"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/setup"
)

// Core returns a core that writes one JSON object per line to w, in the format that NAIS reads.
// It writes the entries that level enables. If level is nil, it writes the entries that
// [setup.LogHandler] writes without options.
//
// Durations are written as text, such as "1.5s". The fields in a [zap.Namespace] are the members
// of an object with that name. The object is left out if it has no members. If the name of a
// field is already used in the line, the field is written as fields.NAME, with the same
// exceptions as in [setup.LogHandler].
//
// The core is safe for concurrent use, even if w is not. Each entry is written with one call of
// w.Write. If w has a method Sync, it is called by the method Sync of the logger, and after an
// entry with the level DPanic, Panic or Fatal.
func Core(w io.Writer, level zapcore.LevelEnabler) zapcore.Core {
	handler := setup.LogHandler(w, nil)
	if level == nil {
		level = zap.LevelEnablerFunc(func(l zapcore.Level) bool {
			return handler.Enabled(context.Background(), levelOf(l))
		})
	}
	return &core{LevelEnabler: level, out: zapcore.AddSync(w), handler: handler, ctx: context.Background()}
}

type core struct {
	zapcore.LevelEnabler

	out       zapcore.WriteSyncer
	handler   slog.Handler    // has the fields of With before the first namespace
	namespace []slog.Attr     // the other fields of With; the first of them opens a namespace
	ctx       context.Context //nolint:containedctx // zap passes the context as a field of With
	hasStack  bool            // an error in the fields of With has a stack
}

// With implements zapcore.Core.
func (c *core) With(fields []zapcore.Field) zapcore.Core {
	ctx, attrs := attributes(c.ctx, fields)
	before := len(attrs)
	if i := slices.IndexFunc(attrs, opensNamespace); len(c.namespace) > 0 {
		before = 0
	} else if i >= 0 {
		before = i
	}
	with := *c
	with.ctx, with.hasStack = ctx, c.hasStack || hasStack(fields)
	with.handler = c.handler.WithAttrs(attrs[:before])
	with.namespace = append(slices.Clip(c.namespace), attrs[before:]...)
	return &with
}

// Check implements zapcore.Core.
func (c *core) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return checked.AddCore(e, c)
	}
	return checked
}

// Write implements zapcore.Core.
func (c *core) Write(e zapcore.Entry, fields []zapcore.Field) error {
	r := slog.NewRecord(e.Time, levelOf(e.Level), e.Message, 0)
	if e.LoggerName != "" {
		r.AddAttrs(slog.String("logger", e.LoggerName))
	}
	if e.Caller.Defined {
		r.AddAttrs(slog.Any(slog.SourceKey, &slog.Source{Function: e.Caller.Function, File: e.Caller.File, Line: e.Caller.Line}))
	}
	if e.Stack != "" && !c.hasStack && !hasStack(fields) {
		r.AddAttrs(slog.String("stack_trace", e.Stack))
	}
	ctx, attrs := attributes(c.ctx, fields)
	r.AddAttrs(nested(append(slices.Clip(c.namespace), attrs...))...)
	err := c.handler.Handle(ctx, r)
	if e.Level > zapcore.ErrorLevel {
		_ = c.Sync() // the program may end now
	}
	return err
}

// Sync implements zapcore.Core.
func (c *core) Sync() error { return c.out.Sync() }

// hasStack reports whether the first error in fields has a stack.
func hasStack(fields []zapcore.Field) bool {
	for _, f := range fields {
		if err, ok := f.Interface.(error); ok && f.Type == zapcore.ErrorType {
			return errinfo.Describe(err).Stack != ""
		}
	}
	return false
}

func levelOf(level zapcore.Level) slog.Level {
	switch {
	case level < zapcore.DebugLevel:
		return slog.LevelDebug - 4
	case level < zapcore.InfoLevel:
		return slog.LevelDebug
	case level < zapcore.WarnLevel:
		return slog.LevelInfo
	case level < zapcore.ErrorLevel:
		return slog.LevelWarn
	}
	return slog.LevelError // error, dpanic, panic and fatal
}
