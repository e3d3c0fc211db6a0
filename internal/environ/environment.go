// Package environ reads and checks the environment variables that configure telemetry. The
// results contain no types of the OpenTelemetry SDK. Therefore, the command spor doctor can
// use this package too, and so it reads an environment exactly as package setup does.
package environ

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Environment reads variables and collects the problems with their values. Therefore, a
// wrong value does not stop the program, and problems with other values are still found.
type Environment struct {
	// Get returns the value of a variable, or "" if it is not set.
	Get func(string) string
	// All returns every variable in the form name=value.
	All func() []string
	// Used is called for each variable that is read as a number or a boolean, with the
	// effective value. Used may be nil.
	Used func(name, value string)
	// Problems describes the values that cannot be used. Each error contains the name of
	// the variable, and how to correct the value.
	Problems []error
}

// Process returns the environment of the process.
func Process() *Environment { return &Environment{Get: os.Getenv, All: os.Environ} }

// OnPlatform reports whether the environment belongs to a NAIS pod.
func (e *Environment) OnPlatform() bool { return e.Text("NAIS_CLUSTER_NAME") != "" }

func (e *Environment) use(name, value string) {
	if e.Used != nil {
		e.Used(name, value)
	}
}

// Text returns the value of a variable without white space at the beginning and the end. An
// empty variable is treated as not set, as the OpenTelemetry specification requires.
func (e *Environment) Text(name string) string { return strings.TrimSpace(e.Get(name)) }

func (e *Environment) lower(name string) string { return strings.ToLower(e.Text(name)) }

// first returns the name and the value of the first variable that is set, or two empty
// strings.
func (e *Environment) first(names ...string) (name, value string) {
	for _, name := range names {
		if value := e.Text(name); value != "" {
			return name, value
		}
	}
	return "", ""
}

func (e *Environment) wrong(name, value, cure string) {
	e.note(fmt.Errorf("setup: %s %q: %s", name, value, cure))
}

// wrongSecret does the same as the method wrong, but does not record the value, because the
// value must not be in a message.
func (e *Environment) wrongSecret(name, cure string) {
	e.note(fmt.Errorf("setup: %s: %s", name, cure))
}

// note records a problem once. Several signals read the same variable, so the same problem
// can be found more than once.
func (e *Environment) note(problem error) {
	for _, known := range e.Problems {
		if known.Error() == problem.Error() {
			return
		}
	}
	e.Problems = append(e.Problems, problem)
}

// Err returns all problems joined into one error, or nil if there are none.
func (e *Environment) Err() error { return errors.Join(e.Problems...) }

// boolean reads a variable whose value is true or false, in upper or lower case. If the
// variable has no valid value, the result value is false.
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

// integer reads a whole number. The parameters least and most are the lowest and the
// highest valid number. The parameter standard is returned if the variable has no valid
// value.
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

// longest is the longest time that a variable can set. No setting needs a longer time. If
// the number is higher, the user has probably assumed another unit.
const longest = time.Hour

// milliseconds reads a time in whole milliseconds. The shortest valid time is 1 ms, and the
// longest is one hour. The parameter standard is returned if the variable has no valid
// value.
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

// list splits a value at the commas. It removes empty items, and removes white space around
// items.
func list(value string) []string {
	var items []string
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
