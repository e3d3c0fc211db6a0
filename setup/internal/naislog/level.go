package naislog

import (
	"log/slog"
	"strings"
)

// levelName returns the name by which the Logs tab filters.
func levelName(level slog.Level) string {
	switch {
	case level < slog.LevelDebug:
		return "TRACE"
	case level < slog.LevelInfo:
		return "DEBUG"
	case level < slog.LevelWarn:
		return "INFO"
	case level < slog.LevelError:
		return "WARN"
	}
	return "ERROR"
}

// namedLevel returns the name of a level as a value. Any other value is returned unchanged.
func namedLevel(v slog.Value) slog.Value {
	switch level := v.Any().(type) {
	case slog.Level:
		return slog.StringValue(levelName(level))
	case string:
		return slog.StringValue(levelNameOf(level))
	}
	return v
}

// levelNameOf is like levelName. Its argument is the level as slog writes it, for example
// INFO+1. Any other text is returned unchanged.
func levelNameOf(text string) string {
	var level slog.Level
	if text == strings.ToUpper(text) && level.UnmarshalText([]byte(text)) == nil {
		return levelName(level)
	}
	return text
}
