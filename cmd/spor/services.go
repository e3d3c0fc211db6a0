package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"

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
	prefixes := prefixesOf(o.entries, hasColor(s.std.out), !o.raw && process.IsTerminal(s.std.out))
	for i, e := range o.entries {
		each := o
		each.name, each.argv = e.name, []string{"sh", "-c", untilItEnds + e.command}
		each.env = append(slices.Clip(o.env), "PORT="+strconv.Itoa(o.firstPort(base)+i*portStep))
		env := naisEnviron(base, each, s.endpoint)
		c, code := s.start(each, env, null, nil, prefixes.writer(i, s.screen.stdout), prefixes.writer(i, s.screen.stderr))
		if c == nil {
			all.Signal(syscall.SIGKILL)
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

// The method wait waits until all services have ended. When the first one has ended, it ends the
// others, and says so. If the user has already ended all of them, it sends no second signal, because
// many programs then end immediately.
func (a *services) wait(signals *process.Signals) (code int) {
	first := <-a.ended
	if !signals.Ending() {
		if len(a.children) > 1 {
			a.session.say(fmt.Sprintf("%s has ended with the exit code %d; ending the others", a.names[first], a.codes[first]))
		}
		a.Signal(syscall.SIGTERM)
	}
	kill := time.AfterFunc(endTime, func() { a.Signal(syscall.SIGKILL) })
	defer kill.Stop()
	for range len(a.children) - 1 {
		<-a.ended
	}
	for _, c := range a.children {
		c.finish(a.session.say)
	}
	return a.codes[first]
}
