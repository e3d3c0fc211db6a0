package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/nais/spor/cmd/spor/internal/process"
)

const (
	// defaultPort and portStep are the ports that foreman gives to the entries of a Procfile.
	defaultPort, portStep = 5000, 100
	// endTime is the time between SIGTERM and SIGKILL if a service has ended and the others do not.
	endTime = 10 * time.Second
)

// services are the running services of a Procfile.
type services struct {
	session  *session
	names    []string
	children []*child
	ended    chan int // the index of each service that has ended
	codes    []int
}

// The method runAll runs all entries of the Procfile in o. When one of them ends, it ends the
// others. It returns the exit code of the one that ended first.
func (s *session) runAll(o runOptions, base []string, signals *process.Signals, impatient func()) (code int, ran bool) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		s.say(err.Error())
		return process.ExitFailed, false
	}
	defer func() { _ = null.Close() }()
	all := &services{session: s, ended: make(chan int, len(o.entries)), codes: make([]int, len(o.entries))}
	prefixes := prefixesOf(o.entries, hasColor(s.std.out))
	prefixes.readable = !o.raw && process.IsTerminal(s.std.out)
	for i, e := range o.entries {
		each := o
		each.name, each.argv = e.name, []string{"sh", "-c", untilItEnds + e.command}
		each.env = append(slices.Clip(o.env), "PORT="+strconv.Itoa(o.firstPort(base)+i*portStep))
		env := naisEnviron(base, each, s.endpoint)
		c, code := s.start(each, env, null, nil, prefixes.writer(i, s.screen.stdout), prefixes.writer(i, s.screen.stderr))
		if c == nil {
			all.end(syscall.SIGKILL)
			return code, false
		}
		all.names, all.children = append(all.names, e.name), append(all.children, c)
		go func() {
			all.codes[i] = c.Wait()
			all.ended <- i
		}()
	}
	signals.Forward(all, impatient)
	return all.wait(signals), true
}

// untilItEnds is the beginning of each script. With it, the shell waits after a signal until the
// current command has ended, and ends with the exit code of this command.
const untilItEnds = "trap 'exit $?' HUP INT QUIT TERM\n"

// firstPort returns the port of the first service: PORT, if it is set.
func (o *runOptions) firstPort(base []string) int {
	for _, pairs := range [][]string{o.env, base} {
		if port, err := strconv.Atoi(environOf(pairs)["PORT"]); err == nil && port > 0 {
			return port
		}
	}
	return defaultPort
}

// Signal sends a signal to all services. It reports whether a service still runs.
func (a *services) Signal(sig os.Signal) bool {
	runs := false
	for _, c := range a.children {
		runs = c.Signal(sig) || runs
	}
	return runs
}

// The method end sends sig to all services.
func (a *services) end(sig os.Signal) { a.Signal(sig) }

// The method wait waits until all services have ended. When the first one has ended, it ends the
// others, and says so. If the user has already ended all of them, it sends no second signal, because
// many programs then end immediately.
func (a *services) wait(signals *process.Signals) (code int) {
	first := <-a.ended
	if !signals.Ending() {
		if len(a.children) > 1 {
			a.session.say(fmt.Sprintf("%s has ended with the exit code %d; ending the others", a.names[first], a.codes[first]))
		}
		a.end(syscall.SIGTERM)
	}
	kill := time.AfterFunc(endTime, func() { a.end(syscall.SIGKILL) })
	defer kill.Stop()
	for range len(a.children) - 1 {
		<-a.ended
	}
	for _, c := range a.children {
		c.finish(a.session.say)
	}
	return a.codes[first]
}

// prefixes are the beginnings of the lines of several services.
type prefixes struct {
	texts    []string
	color    bool
	readable bool // log lines in JSON are made readable
}

// The colours of foreman.
var prefixColors = []string{"\x1b[36m", "\x1b[33m", "\x1b[32m", "\x1b[35m", "\x1b[34m", "\x1b[31m"}

func prefixesOf(entries []entry, color bool) *prefixes {
	width := 0
	for _, e := range entries {
		width = max(width, utf8.RuneCountInString(e.name))
	}
	p := &prefixes{color: color}
	for i, e := range entries {
		text := pad(e.name, width+1) + "| "
		if color {
			text = prefixColors[i%len(prefixColors)] + text + plain
		}
		p.texts = append(p.texts, text)
	}
	return p
}

// The method writer returns a writer for the output of the service i. It writes whole lines to w.
func (p *prefixes) writer(i int, w io.Writer) io.Writer {
	return &prefixedWriter{prefixes: p, prefix: p.texts[i], w: w}
}

type prefixedWriter struct {
	prefixes *prefixes
	prefix   string
	w        io.Writer
	lines    lineSplitter
	err      error
}

// Write writes the lines that p completes.
func (w *prefixedWriter) Write(p []byte) (int, error) {
	w.lines.emit = w.line
	w.lines.write(p)
	return len(p), w.err
}

// Close writes the last line, if it has no newline.
func (w *prefixedWriter) Close() error {
	w.lines.emit = w.line
	w.lines.end()
	return w.err
}

func (w *prefixedWriter) line(text string, _ bool) {
	if w.prefixes.readable {
		if better, ok := readable([]byte(text), w.prefixes.color); ok {
			text = strings.TrimSuffix(better, "\n")
		}
	}
	text = w.prefix + strings.ReplaceAll(text, "\n", "\n"+w.prefix) + "\n"
	if _, err := io.WriteString(w.w, text); err != nil {
		w.err = err
	}
}
