package naislog

import (
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"slices"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/privacy"
)

// line is the text of one record while it is written.
type line struct {
	handler *handler
	names   *privacy.Names
	buf     []byte
	json    *json.Encoder // writes to buf

	groups  []string // the names of the open groups, if the program has a ReplaceAttr
	depth   int      // number of open groups
	secrets int      // number of open groups whose name is the name of a credential
	head    bool     // the fields before the attributes are being written
	hasSpan bool

	marks marks
	err   error  // the first attribute that is an error
	stack string // the attribute stack_trace, if the program has added it in a group
}

// marks are what attributes say about the whole record.
type marks struct {
	team                        bool // the record is for Team Logs
	ownTrace, ownType, ownStack bool // the program sets these fields of the line itself
}

// Write implements io.Writer for the JSON encoder.
func (l *line) Write(b []byte) (int, error) {
	l.buf = append(l.buf, b...)
	return len(b), nil
}

// The method begin writes the fields before the attributes: time, level, source, message, and
// the IDs of the span.
func (l *line) begin(r slog.Record, span trace.SpanContext) {
	l.buf = append(l.buf, '{')
	if l.handler.team != nil {
		l.severity(r.Level)
		l.buf = append(l.buf, l.handler.team.fields...)
	}
	depth := l.depth
	l.head, l.depth = true, 0 // ReplaceAttr gets no groups for these fields
	if !r.Time.IsZero() {
		l.headField(slog.Time(slog.TimeKey, r.Time.Round(0)))
	}
	l.level(r.Level)
	if l.handler.opts.AddSource {
		l.headField(slog.Any(slog.SourceKey, r.Source()))
	}
	l.headField(slog.String(slog.MessageKey, r.Message))
	l.head, l.depth = false, depth
	if span.IsValid() {
		traceID, spanID := span.TraceID(), span.SpanID()
		l.id(traceKey, traceID[:])
		l.id(spanKey, spanID[:])
	}
}

func (l *line) headField(a slog.Attr) {
	if replace := l.handler.opts.ReplaceAttr; replace != nil {
		a = replace(nil, a)
	}
	if a.Key == slog.MessageKey {
		a.Key = messageKey
	}
	l.write(a)
}

// level writes the level. A level that the program's ReplaceAttr returns is also written with
// its name on NAIS.
func (l *line) level(level slog.Level) {
	a := slog.Attr{Key: slog.LevelKey}
	if replace := l.handler.opts.ReplaceAttr; replace == nil {
		l.field(slog.LevelKey, levelName(level))
		return
	} else if a = replace(nil, slog.Any(slog.LevelKey, level)); a.Key != slog.LevelKey {
		l.write(a)
		return
	}
	a.Value = a.Value.Resolve()
	switch v := a.Value.Any().(type) {
	case slog.Level:
		l.field(slog.LevelKey, levelName(v))
	case string:
		l.field(slog.LevelKey, levelNameOf(v))
	default:
		l.write(a)
	}
}

// severity writes the level in the field that Google Cloud Logging reads.
func (l *line) severity(level slog.Level) { l.field("severity", levelName(level)) }

func (l *line) id(key string, id []byte) {
	l.key(key)
	l.buf = append(l.buf, '"')
	l.buf = append(hex.AppendEncode(l.buf, id), '"')
}

// attributes writes the attributes of WithAttrs and of r. It leaves out groups that are empty.
func (l *line) attributes(r slog.Record) {
	h := l.handler
	if len(h.prefix) > 0 {
		l.comma()
		l.buf = append(l.buf, h.prefix...)
	}
	open, start := h.open, len(l.buf)
	if r.NumAttrs() > 0 {
		l.openGroups()
		hasAttrs := false
		r.Attrs(func(a slog.Attr) bool {
			hasAttrs = l.attr(a) || hasAttrs
			return true
		})
		if hasAttrs {
			open = len(h.groups)
		} else {
			l.buf = l.buf[:start]
		}
	}
	for range open {
		l.buf = append(l.buf, '}')
	}
}

// openGroups opens the groups of the handler that are not open yet.
func (l *line) openGroups() {
	h := l.handler
	for i, name := range h.groups {
		if i >= h.open {
			l.key(name)
			l.buf = append(l.buf, '{')
		}
		l.enter(name)
	}
	l.depth = len(h.groups)
}

// The method end writes the fields of the error, and closes the object. It returns the fields.
func (l *line) end(level slog.Level) errinfo.Info {
	info := l.info().Or(l.handler.info)
	if level >= slog.LevelError && info.Stack == "" && !l.marks.ownStack {
		info.Stack = errinfo.PanicStack()
	}
	if l.marks.ownStack {
		info.Stack = ""
	}
	if l.marks.ownType {
		info.Type = ""
	}
	l.depth, l.secrets = 0, 0
	if info.Type != "" {
		l.field(errorTypeKey, info.Type)
	}
	if info.Stack != "" {
		l.field(stackKey, info.Stack)
	}
	l.buf = append(l.buf, "}\n"...)
	return info
}

// info describes the first error of the attributes.
func (l *line) info() errinfo.Info {
	info := errinfo.Info{Stack: l.stack}
	if l.err != nil {
		info = info.Or(errinfo.Describe(l.err))
	}
	return info
}

// The method attrs writes attributes. It reports whether it has written at least one.
func (l *line) attrs(attrs []slog.Attr) (written bool) {
	for _, a := range attrs {
		written = l.attr(a) || written
	}
	return written
}

// attr writes one attribute. It reports whether it has written something.
func (l *line) attr(a slog.Attr) bool {
	if l.head { // a member of a group that ReplaceAttr has returned
		return l.write(l.replaced(a))
	}
	direct := l.depth == len(l.handler.groups)
	a.Value = l.resolve(a)
	if l.look(a, direct); direct && l.depth > 0 && l.isStack(a) {
		return false // it is written at the top level instead
	}
	a.Key = l.freeKey(a.Key)
	a = l.replaced(a)
	a.Key = l.freeKey(a.Key)
	return l.write(a)
}

// replaced returns what the program's ReplaceAttr makes of a. ReplaceAttr does not get groups.
func (l *line) replaced(a slog.Attr) slog.Attr {
	a.Value = a.Value.Resolve()
	if replace := l.handler.opts.ReplaceAttr; replace != nil && a.Value.Kind() != slog.KindGroup {
		a = replace(l.groups, a)
		a.Value = a.Value.Resolve()
	}
	return a
}

// write writes an attribute after ReplaceAttr. It reports whether it has written something.
func (l *line) write(a slog.Attr) bool {
	if source, ok := sourceOf(a.Value); ok {
		a.Value = source
	} else if a.Key == "" && isNil(a.Value) {
		return false
	}
	if a.Value.Kind() == slog.KindGroup {
		return l.group(a.Key, a.Value.Group())
	}
	start := len(l.buf)
	l.key(a.Key)
	l.value(start, a)
	return true
}

// The method group writes a group with its members. The members of a group without a name are
// written as if they were not in a group.
func (l *line) group(name string, members []slog.Attr) bool {
	if len(members) == 0 {
		return false
	}
	if name == "" {
		return l.attrs(members)
	}
	start, outer := len(l.buf), l.secrets
	l.key(name)
	l.buf = append(l.buf, '{')
	l.enter(name)
	written := l.attrs(members)
	l.leave()
	l.secrets = outer
	if !written {
		l.buf = l.buf[:start]
		return false
	}
	l.buf = append(l.buf, '}')
	return true
}

func (l *line) enter(name string) {
	l.depth++
	if l.isSecret(name) {
		l.secrets++
	}
	if l.handler.opts.ReplaceAttr != nil {
		l.groups = append(l.groups, name)
	}
}

func (l *line) leave() {
	l.depth--
	if n := len(l.groups); n > 0 {
		l.groups = l.groups[:n-1]
	}
}

// look notes what a says about the whole record. direct is false if a is a member of a group
// with a name.
func (l *line) look(a slog.Attr, direct bool) {
	if isTeamMark(a) {
		l.marks.team = true
	}
	if direct && l.depth == 0 {
		l.marks.ownStack = l.marks.ownStack || a.Key == stackKey
		l.marks.ownType = l.marks.ownType || a.Key == errorTypeKey
	}
	if direct && l.depth > 0 && l.isStack(a) {
		l.stack = a.Value.String()
	}
	if a.Value.Kind() == slog.KindAny {
		l.lookForError(a.Key, a.Value.Any())
	}
}

// isSecret reports whether a text with this name must be redacted.
func (l *line) isSecret(name string) bool {
	return l.handler.team == nil && (l.secrets > 0 || l.names.IsSecret(name))
}

func (l *line) isStack(a slog.Attr) bool {
	return a.Key == stackKey && a.Value.Kind() == slog.KindString
}

// lookForError notes the first error. It ignores an error with the name of a credential, because
// the text of the error would be exported.
func (l *line) lookForError(key string, value any) {
	if l.err != nil || l.isSecret(key) {
		return
	}
	switch v := value.(type) {
	case error:
		l.err = v
	case []error:
		if len(v) > 0 {
			l.err = v[0]
		}
	}
}

// resolve returns the value of a. If the value is a LogValuer and an error, this is also noted.
// An error of slog itself, for example because a LogValuer has panicked, is returned as text.
func (l *line) resolve(a slog.Attr) slog.Value {
	if a.Value.Kind() != slog.KindLogValuer {
		return a.Value
	}
	if err, ok := a.Value.Any().(error); ok {
		l.lookForError(a.Key, err)
	}
	return resolved(a.Value)
}

// freeKey returns key if the line has no field with that name. Otherwise it returns
// "fields." followed by key.
func (l *line) freeKey(key string) string {
	if l.depth > 0 {
		return key
	}
	return freeKey(key, l.hasSpan)
}

func isNil(v slog.Value) bool { return v.Kind() == slog.KindAny && v.Any() == nil }

// sourceOf returns the source of a log call as a group.
func sourceOf(v slog.Value) (group slog.Value, ok bool) {
	if v.Kind() != slog.KindAny {
		return v, false
	}
	source, ok := v.Any().(*slog.Source)
	if !ok {
		return v, false
	}
	if source == nil {
		source = &slog.Source{}
	}
	members := []slog.Attr{slog.String("function", source.Function), slog.String("file", source.File), slog.Int("line", source.Line)}
	return slog.GroupValue(slices.DeleteFunc(members, func(a slog.Attr) bool {
		return a.Value.Kind() == slog.KindString && a.Value.String() == "" || a.Value.Kind() == slog.KindInt64 && a.Value.Int64() == 0
	})...), true
}
