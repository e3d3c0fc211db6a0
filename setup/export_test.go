package setup

import (
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/internal/dialect"
)

// CrashFileIn returns the file of this program in a folder.
var CrashFileIn = crashFileIn

// Rewriting returns next behind the rewriting that every exporter has.
func Rewriting(next sdktrace.SpanExporter) sdktrace.SpanExporter {
	return rewritingExporter{next, &rewriter{dialect: dialect.New(0)}}
}

// SetTeamAddress makes Team Logs go to address, and returns what undoes it.
func SetTeamAddress(address string) (undo func()) {
	theTeam.mu.Lock()
	defer theTeam.mu.Unlock()
	before := theTeam.address
	theTeam.address = address
	return func() {
		theTeam.mu.Lock()
		defer theTeam.mu.Unlock()
		theTeam.address = before
	}
}

// TeamBytes is how much of Team Logs waits.
const TeamBytes = teamBytes

// ForgetTeam forgets what was dropped and told, as a new process would.
func ForgetTeam() {
	theTeam.mu.Lock()
	defer theTeam.mu.Unlock()
	theTeam.dropped, theTeam.told, theTeam.warned = 0, 0, false
}
