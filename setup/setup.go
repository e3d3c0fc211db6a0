package setup

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"

	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/setup/internal/naislog"
)

// running is the telemetry that is installed in the SDK's global variables. Log handlers and
// HTTP handlers look up their outputs here, because they can be created before Start. While
// telemetry starts or stops, and while it does not run, Team Logs are the only output. While
// it does not run, the pointer is nil until the first record with the Team Logs mark.
var running atomic.Pointer[telemetry]

var errRunning = errors.New("setup: telemetry is already running (Start or Run was called twice; call the shutdown function of the first call before the second call)")

// Start connects the OpenTelemetry SDK to the collector that the environment names. It
// installs the global tracer provider, meter provider, propagator and error handler, and the
// logger provider if logs are exported. It does not wait for the collector.
//
// The error lists each variable that cannot be used, with its value and the cure. All other
// settings are in use, and the settings of the listed variables have safe defaults. The
// program can log the error and continue. shutdown is never nil.
//
// Call shutdown when the last span has ended, and before the process exits. It exports all
// waiting data until its context ends. If the context has no deadline, or has already ended,
// shutdown takes at most five seconds. The context of [signal.NotifyContext] has already
// ended after SIGTERM. If the collector cannot be reached, shutdown takes about one second.
// The error of shutdown states how many spans and log records were lost. Later calls wait for
// the first call, and return its error.
//
// Start uses ctx only until it returns. A second call of Start before shutdown returns an
// error and changes nothing.
func Start(ctx context.Context, opts ...Option) (shutdown func(context.Context) error, err error) {
	t, err := startOnce(ctx, environ.Process(), newConfig(opts))
	return t.shutdown, err
}

// startOnce starts telemetry. If telemetry is already running, it returns errRunning.
func startOnce(ctx context.Context, env *environ.Environment, c *config) (*telemetry, error) {
	t := newTelemetry()
	if t.team = takeGlobals(); t.team == nil {
		t.once.Do(func() { close(t.done) })
		return t, errRunning
	}
	err := t.start(ctx, env, c)
	running.Store(t)
	return t, err
}

// takeGlobals reserves the SDK's global variables for a new telemetry. It returns the Team
// that has the marked records up to now, or nil if telemetry is already running.
func takeGlobals() *naislog.Team {
	for {
		before, taken := running.Load(), &telemetry{}
		switch {
		case before == nil:
			taken.team = newTeam()
		case before.idle:
			taken.team = before.team
		default:
			return nil
		}
		if running.CompareAndSwap(before, taken) {
			return taken.team
		}
	}
}

// oneLine returns the text of err with its lines joined by "; ".
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
