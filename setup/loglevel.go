package setup

import (
	"log/slog"

	"github.com/nais/spor/internal/environ"
)

// LogLevel is the lowest level that the handlers of [LogHandler] write, unless their
// [slog.HandlerOptions] have a Level. A program can change the level of all these handlers while
// it runs:
//
//	setup.LogLevel.Set(slog.LevelDebug)
//
// At first, the level is the value of the environment variable LOG_LEVEL when the program starts:
// trace, debug, info, warn or error, or a level of slog, such as INFO+2. warning, fatal and panic are
// also valid. fatal and panic mean error, because slog has no level above it. Upper and lower case
// are the same. If the variable is unset or wrong, the level is INFO. [Start] and [Run] report a
// wrong value. Changes of the environment have no effect later.
//
// The methods of LogLevel are safe for concurrent use. A program must not assign another value to
// the variable LogLevel itself.
var LogLevel = newLogLevel()

func newLogLevel() *slog.LevelVar {
	level := new(slog.LevelVar)
	level.Set(environ.LogLevel(environ.Process()))
	return level
}
