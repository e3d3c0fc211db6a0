package setup

import (
	"log/slog"
	"os"
)

// standardHandler is what slog.Default has until the program sets its own.
var standardHandler = slog.Default().Handler()

// logger returns the program's own logger, or, when it has none, one that writes
// the JSON that NAIS reads to standard error.
func logger() *slog.Logger {
	if program := slog.Default(); program.Handler() != standardHandler {
		return program
	}
	return slog.New(LogHandler(os.Stderr, nil))
}
