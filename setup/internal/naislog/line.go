package naislog

import (
	"encoding/json"
	"log/slog"

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
	masks   bool     // personal numbers and credentials are masked
	head    bool     // the fields before the attributes are being written
	final   bool     // the attributes are prepared already
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

// openGroups enters the groups of the handler. It writes those that are not open yet.
func (l *line) openGroups() {
	for i, name := range l.handler.groups {
		if i >= l.handler.open {
			l.key(groupKey(i, name))
			l.buf = append(l.buf, '{')
		}
		l.enter(name)
	}
}

func (l *line) enterGroups() {
	for _, name := range l.handler.groups {
		l.enter(name)
	}
}

// The method end writes the fields of the error, and closes the object. It returns the fields.
func (l *line) end(level slog.Level) errinfo.Info {
	info := either(l.info(), l.handler.info)
	if level >= slog.LevelError && info.Stack == "" && !l.marks.ownStack {
		info.Stack = errinfo.PanicStack()
	}
	if l.marks.ownStack {
		info.Stack = ""
	}
	if l.marks.ownType {
		info.Type = ""
	}
	l.secrets = 0
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

// The function either returns first, unless it has no error. Type and stack are not those of two
// different errors.
func either(first, second errinfo.Info) errinfo.Info {
	if first.Type != "" {
		return first
	}
	return first.Or(second)
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
	if !l.final {
		var ok bool
		if a, ok = l.prepare(a); !ok {
			return false
		}
	}
	if l.handler.team != nil && l.depth == 0 && isTeamField(a.Key) && !l.head {
		a.Key = "fields." + a.Key
	}
	if !l.write(a) {
		return false
	}
	l.own(a.Key)
	return true
}

// prepare returns the attribute that is written in the place of a: it resolves the value, calls
// the program's ReplaceAttr, and gives the attribute a free name. ok is false if nothing is written
// in this place. prepare also notes what a says about the whole record.
func (l *line) prepare(a slog.Attr) (prepared slog.Attr, ok bool) {
	replace := l.handler.opts.ReplaceAttr != nil
	if l.head { // a member of source, or of a group that ReplaceAttr has returned
		if replace {
			a = l.replaced(a)
		}
		return a, true
	}
	if a.Value.Kind() == slog.KindLogValuer {
		a.Value = l.resolve(a)
	}
	if l.look(a); a.Key == stackKey && l.depth > 0 && l.depth == len(l.handler.groups) {
		if text, isText := textOf(a.Value); isText {
			l.stack = text // it is written at the top level instead
			return a, false
		}
	}
	a.Key = l.freeKey(a.Key)
	if replace {
		a = l.replaced(a)
		l.marks.team = l.marks.team || isTeamMark(a)
		a.Key = l.freeKey(a.Key)
	}
	if a.Value.Kind() == slog.KindAny {
		if source, isSource := a.Value.Any().(*slog.Source); isSource {
			a.Value = slog.GroupValue(sourceAttrs(source)...)
		}
	}
	return a, true
}

// replaced returns what the program's ReplaceAttr makes of a. ReplaceAttr does not get groups.
func (l *line) replaced(a slog.Attr) slog.Attr {
	a.Value = a.Value.Resolve()
	if a.Value.Kind() != slog.KindGroup {
		a = l.handler.opts.ReplaceAttr(l.groups, a)
		a.Value = a.Value.Resolve()
	}
	return a
}

// write writes an attribute that is prepared. It reports whether it has written something.
func (l *line) write(a slog.Attr) bool {
	switch a.Value.Kind() {
	case slog.KindLogValuer: // ReplaceAttr has returned it
		return l.write(slog.Attr{Key: a.Key, Value: a.Value.Resolve()})
	case slog.KindGroup:
		return l.group(a.Key, a.Value.Group())
	case slog.KindAny:
		if source, isSource := a.Value.Any().(*slog.Source); isSource {
			return l.group(a.Key, sourceAttrs(source))
		}
		if isEmpty(a) {
			return false
		}
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
	l.leave(outer)
	if !written {
		l.buf = l.buf[:start]
		return false
	}
	l.buf = append(l.buf, '}')
	return true
}

func (l *line) enter(name string) {
	if l.isSecret(name) {
		l.secrets++
	}
	l.depth++
	if l.handler.opts.ReplaceAttr != nil && !l.head { // slog passes no groups for the fields of the head
		l.groups = append(l.groups, name)
	}
}

// leave ends a group. secrets is the field secrets before the group.
func (l *line) leave(secrets int) {
	l.depth--
	l.secrets = secrets
	if n := len(l.groups); n > 0 && !l.head {
		l.groups = l.groups[:n-1]
	}
}

// look notes what a says about the whole record, before ReplaceAttr can change it.
func (l *line) look(a slog.Attr) {
	if isTeamMark(a) {
		l.marks.team = true
	}
	if a.Value.Kind() == slog.KindAny && l.err == nil {
		l.lookForError(a.Key, a.Value.Any())
	}
}

// The method own notes that the program has written a field of the line itself.
func (l *line) own(key string) {
	if l.depth > 0 {
		return
	}
	switch key {
	case stackKey:
		l.marks.ownStack = true
	case errorTypeKey:
		l.marks.ownType = true
	case traceKey, spanKey:
		l.marks.ownTrace = true
	}
}

// isSecret reports whether a text with this name must be redacted.
func (l *line) isSecret(name string) bool {
	return l.masks && (l.secrets > 0 || l.names.IsSecret(name))
}

// lookForError notes the first error. It ignores an error with the name of a credential, because
// the text of the error would be exported.
func (l *line) lookForError(key string, value any) {
	if l.err != nil {
		return
	}
	var found error
	switch v := value.(type) {
	case error:
		found = v
	case []error:
		if len(v) > 0 {
			found = v[0]
		}
	}
	if found != nil && !l.isSecret(key) {
		l.err = found
	}
}

// resolve returns the value of a LogValuer. If the LogValuer is an error, this is also noted.
func (l *line) resolve(a slog.Attr) slog.Value {
	if err, ok := a.Value.Any().(error); ok {
		l.lookForError(a.Key, err)
	}
	return resolved(a.Value)
}

// freeKey returns key if the line has no field with that name. Otherwise it returns "fields."
// followed by key.
func (l *line) freeKey(key string) string {
	switch {
	case l.depth > 0:
		return key
	case key == slog.SourceKey && l.handler.opts.AddSource:
		return "fields." + key
	}
	return freeKey(key, l.hasSpan)
}

func isEmpty(a slog.Attr) bool {
	return a.Key == "" && a.Value.Kind() == slog.KindAny && a.Value.Any() == nil
}
