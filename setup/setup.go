package setup

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"

	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/setup/internal/naislog"
)

// running is the telemetry that is installed in the SDK's global variables. Log handlers and the
// handler for metrics look up their outputs here each time, because they can be created before
// Start. While telemetry starts, and at the end of its shutdown, the only output is Team Logs.
// While telemetry does not run, the pointer is nil. If a record with the Team Logs mark is
// logged while the pointer is nil, the pointer is set to a value whose only output is Team Logs.
var running atomic.Pointer[telemetry]

var errRunning = errors.New("setup: telemetry is already running (Start or Run was called twice; call the shutdown function of the first call before the second call)")

// Start sets up the OpenTelemetry SDK to export to the collector that the environment variables
// name. It installs the global propagator and the global error handler. It installs a global
// tracer provider only if spans are exported or [WithSpanProcessor] is used, a global meter
// provider only if metrics are exported or served for Prometheus, and a global logger provider
// only if log records are exported. With OTEL_SDK_DISABLED=true, Start installs only the
// propagator. Start does not wait for the collector.
//
// The error lists each environment variable that cannot be used, and the value of the
// variable. The values of headers are left out, because they can contain credentials. The error
// also states how to fix the value. For the listed variables, safe defaults are
// used. All other variables are used as they are set. The program can log the error and
// continue. shutdown is never nil.
//
// Call shutdown after the last span has ended and before the process exits. It exports all
// waiting data, and stops when its context ends. If the context has no deadline, shutdown takes
// at most five seconds. If the context has already ended when shutdown is called, shutdown also
// takes at most five seconds. For example, the context of [signal.NotifyContext] has already
// ended after SIGTERM. If there is no connection to the collector, and was none in the last 30
// seconds, shutdown takes about one second.
//
// The error of shutdown states how many spans, log records and metric data points were lost. If
// shutdown is called again, the call waits for the first call and returns the same error.
//
// Start uses ctx only until Start returns. If Start is called a second time before shutdown has
// returned, the second call returns an error and changes nothing.
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

// takeGlobals reserves the SDK's global variables for a new telemetry value. It returns the
// Team for marked records. If marked records are already waiting in a Team, it returns that
// Team. If telemetry is already running, it returns nil.
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

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
