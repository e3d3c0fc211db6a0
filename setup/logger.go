package setup

import (
	"log/slog"
	"os"
)

// standardHandler is the handler of slog.Default at the start of the program. If slog.Default
// has a different handler when a line is logged, the program has set its own logger.
var standardHandler = slog.Default().Handler()

// logger returns the program's default logger. If the program has not set one, logger returns
// a logger that writes the JSON lines of [LogHandler] to standard error.
func logger() *slog.Logger {
	if program := slog.Default(); program.Handler() != standardHandler {
		return program
	}
	return slog.New(LogHandler(os.Stderr, nil))
}
