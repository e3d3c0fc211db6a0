// Package environ reads the variables that set telemetry up, and checks them. What it
// returns has no type of the OpenTelemetry SDK, so that spor doctor reads an environment
// exactly as package setup does.
package environ

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Environment reads variables and gathers what is wrong with them, so that one
// bad value neither hides the next one nor stops the program.
type Environment struct {
	// Get returns the value of a variable, "" for one that is unset.
	Get func(string) string
	// All returns every variable as name=value.
	All func() []string
	// Used is called with what a variable comes to, unless it is nil.
	Used func(name, value string)
	// Problems are the values that cannot be used, each with its variable and its cure.
	Problems []error
}

// Process returns the environment of the process.
func Process() *Environment { return &Environment{Get: os.Getenv, All: os.Environ} }

// OnPlatform reports whether the environment is that of a NAIS pod.
func (e *Environment) OnPlatform() bool { return e.Text("NAIS_CLUSTER_NAME") != "" }

// use reports what a variable comes to.
func (e *Environment) use(name, value string) {
	if e.Used != nil {
		e.Used(name, value)
	}
}

// Text returns the value of a variable without surrounding white space. As the
// OpenTelemetry specification asks, an empty variable counts as unset.
func (e *Environment) Text(name string) string { return strings.TrimSpace(e.Get(name)) }

// lower is Text in lower case, for values that are names of a choice.
func (e *Environment) lower(name string) string { return strings.ToLower(e.Text(name)) }

// first returns the first of the variables that is set, and its name.
func (e *Environment) first(names ...string) (name, value string) {
	for _, name := range names {
		if value := e.Text(name); value != "" {
			return name, value
		}
	}
	return "", ""
}

// wrong notes that the value of a variable cannot be used, and the cure.
func (e *Environment) wrong(name, value, cure string) {
	e.note(fmt.Errorf("setup: %s %q: %s", name, value, cure))
}

// wrongSecret is wrong for a variable whose value must not be repeated.
func (e *Environment) wrongSecret(name, cure string) {
	e.note(fmt.Errorf("setup: %s: %s", name, cure))
}

// note keeps a problem once: several signals read the same variable.
func (e *Environment) note(problem error) {
	for _, known := range e.Problems {
		if known.Error() == problem.Error() {
			return
		}
	}
	e.Problems = append(e.Problems, problem)
}

// Err joins the problems.
func (e *Environment) Err() error { return errors.Join(e.Problems...) }

// boolean reads a variable that is true or false, in any case.
func (e *Environment) boolean(name string) (value, isSet bool) {
	defer func() { e.use(name, strconv.FormatBool(value)) }()
	text := e.Text(name)
	switch strings.ToLower(text) {
	case "":
		return false, false
	case "true":
		return true, true
	case "false":
		return false, true
	}
	e.wrong(name, text, "want true or false; false is used")
	return false, false
}

// integer reads a whole number of at least least and at most most.
func (e *Environment) integer(name string, standard, least, most int) (n int) {
	defer func() { e.use(name, strconv.Itoa(n)) }()
	text := e.Text(name)
	if text == "" {
		return standard
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		e.wrong(name, text, fmt.Sprintf("want a whole number from %d to %d; %d is used", least, most, standard))
		return standard
	}
	return n
}

// longest is the longest time a variable may name: long enough for anything a
// batch waits for, short enough to show a wrong unit.
const longest = time.Hour

// milliseconds reads a time in whole milliseconds, from 1 to one hour.
func (e *Environment) milliseconds(name string, standard time.Duration) (d time.Duration) {
	defer func() { e.use(name, strconv.FormatInt(d.Milliseconds(), 10)) }()
	text := e.Text(name)
	if text == "" {
		return standard
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= int(longest.Milliseconds()) {
		return time.Duration(n) * time.Millisecond
	}
	cure := fmt.Sprintf("want whole milliseconds from 1 to %d; %d is used", longest.Milliseconds(), standard.Milliseconds())
	if d, err := time.ParseDuration(text); err == nil && d >= time.Millisecond && d <= longest {
		cure = fmt.Sprintf("want whole milliseconds without a unit (%d for %s); %d is used", d.Milliseconds(), text, standard.Milliseconds())
	}
	e.wrong(name, text, cure)
	return standard
}

// list splits a comma-separated variable, without white space and empty items.
func list(value string) []string {
	var items []string
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
