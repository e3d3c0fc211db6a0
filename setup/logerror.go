package setup

import (
	"log/slog"

	"github.com/nais/spor/internal/errinfo"
)

// fault returns what the attributes themselves say of an error.
func (s *survey) fault() errinfo.Info {
	f := errinfo.Info{Stack: s.stack}
	if s.err != nil {
		f = f.Or(describe(s.err))
	}
	return f
}

func describe(err error) errinfo.Info {
	if plain, ok := err.(plainError); ok { //nolint:errorlint // it is the handler's own, and outermost
		err = plain.error
	}
	return errinfo.Describe(err)
}

// faultOf returns what the line of r must say, less what the program says itself.
func (h *logHandler) faultOf(r slog.Record, found survey) errinfo.Info {
	f := found.fault().Or(h.fault)
	if r.Level >= slog.LevelError && f.Stack == "" && !found.own.stack && !h.own.stack {
		f.Stack = errinfo.PanicStack()
	}
	if found.own.stack || h.own.stack {
		f.Stack = ""
	}
	if found.own.errorType || h.own.errorType {
		f.Type = ""
	}
	return f
}

// messageOf is err.Error() of an error that may be nil, or panic.
func messageOf(err error) (message string) {
	defer func() {
		if recover() != nil {
			message = "<nil>"
		}
	}()
	return err.Error()
}
