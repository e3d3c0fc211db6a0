package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nais/spor/cmd/spor/internal/process"
	"github.com/nais/spor/cmd/spor/internal/standing"

	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"

	"github.com/nais/spor/internal/display"
	"github.com/nais/spor/internal/receiver"
	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/tracetree"
	"github.com/nais/spor/internal/waterfall"
)

const (
	// drainTime is the longest time that spor receives telemetry after the command has ended.
	// spor does not wait if no process is connected.
	drainTime = 2 * time.Second
	// maxTraceBytes is the maximum memory, in bytes, that traces may use.
	maxTraceBytes = 64 << 20
)

// A session is one run of a command. spor receives the telemetry and the output of the command.
type session struct {
	std       stdio
	screen    *screen
	shown     shown
	recorder  *recorder
	kept      *recorder // writes the run into the user's cache folder
	ui        *ui
	forwarder *forwarder // sends a copy to spor listen
	traces    *tracetree.Assembler
	points    atomic.Int64
	logs      atomic.Int64
	env       environ // the environment of the command
	endpoint  string
}

// observe runs the command in o and returns the exit code of spor. The environment of the
// command is base with the changes that naisEnviron makes.
func observe(o runOptions, base []string, std stdio) int {
	s := &session{std: std, shown: o.shown, screen: newScreen(std.out, std.err, process.IsTerminal(std.out))}
	s.traces = tracetree.New(tracetree.Options{Finished: s.draw, Limit: maxTraceBytes})
	var err error
	if s.recorder, err = newRecorder(o, s.say); err != nil {
		s.say(err.Error())
		return process.ExitFailed
	}
	defer s.recorder.close()
	if o.keeps() {
		if s.kept, err = newRun(o.name, s.say); err != nil {
			s.say("the run is not kept: " + err.Error())
		}
	}
	defer s.kept.close()
	listener, joins := s.join(o)
	if joins {
		o.ui = uiFlag{off: true}
	}
	if s.ui, err = newUI(o.ui, process.IsTerminal(std.err), o.name); err != nil {
		s.say(err.Error())
		return process.ExitFailed
	}
	defer s.ui.close()
	server, err := receiver.Listen("127.0.0.1:0", s.sink())
	if err != nil {
		s.say(err.Error())
		return process.ExitFailed
	}
	defer server.Stop()
	s.endpoint = server.Endpoint()
	s.env = naisEnviron(base, o, s.endpoint)

	signals := process.CatchSignals()
	defer signals.Stop()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if s.ui != nil {
		s.say("traces in the browser: " + s.ui.server.URL())
	}
	if joins {
		s.say("traces in the browser: " + listener.Viewer + " (spor listen)")
	}
	var code int
	var ran bool
	if len(o.entries) > 0 {
		code, ran = s.runAll(o, base, signals, cancel)
	} else {
		code, ran = s.run(o, signals, cancel)
	}
	if !ran {
		return code
	}
	drain(ctx, server)
	s.forwarder.close(s.say)
	s.traces.Close()
	s.summarize()
	if !signals.Ending() {
		s.ui.linger(ctx, s.say)
	}
	return code
}

// The method join starts to forward to the spor listen of this user. It reports false if none runs,
// or if o asks for a viewer of its own or for no listener.
func (s *session) join(o runOptions) (standing.Listener, bool) {
	if o.alone || o.ui.wanted {
		return standing.Listener{}, false
	}
	listener, runs := standing.Find()
	if !runs {
		return standing.Listener{}, false
	}
	var err error
	if s.forwarder, err = newForwarder(listener.GRPC); err != nil {
		s.say(err.Error())
		return standing.Listener{}, false
	}
	return listener, true
}

// The method run runs the command. It waits for the command, for the other processes of the
// command's group, and for their output. The result ran is false if the command did not start. If
// a signal arrives after all these processes have ended, run calls the function impatient.
func (s *session) run(o runOptions, signals *process.Signals, impatient func()) (code int, ran bool) {
	c, code := s.start(o, s.env, s.std.in, process.Foreground(s.std.in, s.std.out), s.readable(o, s.std.out, s.screen.stdout), s.readable(o, s.std.err, s.screen.stderr))
	if c == nil {
		return code, false
	}
	signals.Forward(c, impatient)
	stop := c.OnContinue()
	defer stop()
	unwatch := c.WatchInterrupts(signals.SetEnding)
	ended := s.started(o)

	code = c.Wait()
	unwatch()
	ended()
	c.finish(s.say)
	return code, true
}

// The method readable returns a writer for the output of the command. If file is a terminal, it
// makes log lines readable, unless the user wants them as they are.
func (s *session) readable(o runOptions, file *os.File, w io.Writer) io.Writer {
	if o.raw || !process.IsTerminal(file) {
		return w
	}
	return &readableWriter{w: w, color: hasColor(file)}
}

// hasColor reports whether spor writes colours to file.
func hasColor(file *os.File) bool {
	return process.IsTerminal(file) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// The method started calls o.started. The result must be called when the command has ended. It
// waits until o.started has returned.
func (s *session) started(o runOptions) (ended func()) {
	if o.started == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var calls sync.WaitGroup
	calls.Go(func() { o.started(ctx, s.say) })
	return func() {
		cancel()
		calls.Wait()
	}
}

// The function drain receives the telemetry that is still being sent, and then stops the server.
// It waits at most drainTime, and only while a process is connected. Such a process has left the
// command's process group.
func drain(ctx context.Context, server *receiver.Server) {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	_ = server.Drain(ctx) // telemetry that arrives after drainTime is not part of the run
	server.Stop()
}

func (s *session) sink() receiver.Sink {
	return sinkOf(func(r recording.Request) {
		s.received(r)
		s.traces.Add(r.Traces)
		s.points.Add(int64(dataPoints(r.Metrics)))
		s.logs.Add(int64(logRecords(r.Logs)))
	})
}

func (s *session) received(r recording.Request) {
	s.recorder.request(r)
	s.kept.request(r)
	s.ui.add(r)
	s.forwarder.add(r)
}

// The method line returns a function for one stream of the command. The function passes each line
// to the recorder and the viewer.
func (s *session) line(stream string, resource *resourcepb.Resource) func(text string, continued bool) {
	if s.recorder == nil && s.kept == nil && s.ui == nil && s.forwarder == nil {
		return func(string, bool) {}
	}
	return func(text string, continued bool) {
		l := recording.Line{Stream: stream, Text: text, Continued: continued, Time: time.Now()}
		s.received(l.Request(resource))
	}
}

func (s *session) draw(t *tracetree.Trace) {
	if !s.shown.selects(t) {
		return
	}
	var lines bytes.Buffer
	_ = waterfall.Draw(&lines, t, waterfall.Style{ // a write to a buffer returns no error
		Width: process.Width(s.std.err),
		Color: hasColor(s.std.err),
	})
	s.screen.Draw(lines.Bytes())
}

func (s *session) say(text string) { s.screen.Draw([]byte("spor: " + display.Line(text) + "\n")) }
