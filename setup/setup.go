package setup

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"

	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/setup/internal/naislog"
)

// running is the telemetry that has taken the globals. What is made before Start, and
// used at any time, finds its outputs here. While telemetry starts or stops, and before
// Start, it has none but Team Logs; it is nil until a record with the mark comes.
var running atomic.Pointer[telemetry]

var errRunning = errors.New("setup: telemetry is running already (Start or Run was called twice; shut the first one down before)")

// Start connects the OpenTelemetry SDK to the collector that the environment
// names, and installs it as the global one: tracer provider, propagator, error
// handler. It returns at once, whatever state the collector is in.
//
// The error says what is wrong with the configuration, variable by variable,
// each with its cure; what is right is in use, the rest has its safe default.
// The program may log the error and go on. shutdown is never nil.
//
// Call shutdown when the last span has ended, and before the process exits. It
// exports what waits until its context ends, for at most five seconds if the
// context has no deadline, and for one where the collector cannot be reached. A context that has ended already, as the one of
// [signal.NotifyContext] has after SIGTERM, gets five seconds too. The error
// says how many spans and log records were lost. Later calls wait for the first one.
//
// ctx is used while Start runs, and not kept. A second Start before shutdown is
// an error and changes nothing.
func Start(ctx context.Context, opts ...Option) (shutdown func(context.Context) error, err error) {
	t, err := startOnce(ctx, environ.Process(), newConfig(opts))
	return t.shutdown, err
}

// startOnce starts nothing when telemetry is running already.
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

// takeGlobals returns the Team that marked records went to so far, or nil when telemetry
// is running already.
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

// oneLine joins the problems of err.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
