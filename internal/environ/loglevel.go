package environ

import (
	"log/slog"
	"strings"
)

// logLevels contains the names of levels that slog does not know. slog has no level above ERROR,
// and package logrustrace also writes fatal and panic as ERROR.
var logLevels = map[string]slog.Level{
	"trace":   slog.LevelDebug - 4,
	"warning": slog.LevelWarn,
	"fatal":   slog.LevelError,
	"panic":   slog.LevelError,
}

// LogLevel reads LOG_LEVEL, the lowest level that the program logs. The default is INFO. It is also
// used if the value is not valid.
func LogLevel(env *Environment) slog.Level {
	const name = "LOG_LEVEL"
	text := env.Text(name)
	level, known := logLevels[fold(text)]
	if !known && text != "" && level.UnmarshalText([]byte(text)) != nil {
		env.wrong(name, text, "want trace, debug, info, warn or error, or a level of slog, such as INFO+2; info is used")
		level = slog.LevelInfo
	}
	env.use(name, strings.ToLower(level.String()))
	return level
}
