// Package environ reads and checks the environment variables that configure telemetry. The
// results contain no types of the OpenTelemetry SDK. Therefore, the command spor doctor can
// use this package too, and so it reads an environment exactly as package setup does.
package environ

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
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
	// Used is called for each variable that is read as a number, a boolean or a choice, with
	// the effective value. Used may be nil.
	Used func(name, value string)
	// Problems describes the values that cannot be used. Each error contains the name of
	// the variable, and how to correct the value.
	Problems []error

	names map[string]bool // the names of the variables that were read
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
func (e *Environment) Text(name string) string {
	if e.names == nil {
		e.names = map[string]bool{}
	}
	e.names[name] = true
	return strings.TrimSpace(e.Get(name))
}

// fold returns word in the form in which words are compared. By the specification, upper and
// lower case are the same.
func fold(word string) string { return strings.ToLower(word) }

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

// boolean reads a variable whose value is true or false. If the variable has no valid value,
// the result value is false.
func (e *Environment) boolean(name string) (value, isSet bool) {
	value = e.choice(name, "false", "true", "false") == "true"
	return value, value || fold(e.Text(name)) == "false"
}

// choice reads a variable whose value is one of words, in upper or lower case. The parameter
// standard is returned if the variable has no valid value.
func (e *Environment) choice(name, standard string, words ...string) string {
	text := e.Text(name)
	word := fold(text)
	if !slices.Contains(words, word) {
		word = standard
		if text != "" {
			last := len(words) - 1
			e.wrong(name, text, fmt.Sprintf("want %s or %s; %s is used", strings.Join(words[:last], ", "), words[last], standard))
		}
	}
	e.use(name, word)
	return word
}

const (
	// most is the largest number that the specification requires.
	most = math.MaxInt32
	// longest is the longest time that a variable can set, about 24.8 days. It also means
	// that a time is not limited.
	longest = most * time.Millisecond
	// unlimited is the default of an integer that has no limit.
	unlimited = -1
)

// integer reads a whole number. The parameters least and most are the lowest and the
// highest valid number. The parameter standard is returned if the variable has no valid
// value.
func (e *Environment) integer(name string, standard, least, most int) (n int) {
	defer func() { e.use(name, number(n)) }()
	text := e.Text(name)
	if text == "" {
		return standard
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		e.wrong(name, text, fmt.Sprintf("want a whole number from %d to %d; %s is used", least, most, number(standard)))
		return standard
	}
	return n
}

func number(n int) string {
	if n == unlimited {
		return "no limit"
	}
	return strconv.Itoa(n)
}

// duration reads the time between two events. 0 is valid and counts as 1 ms, because a timer
// without a pause would use a whole processor.
func (e *Environment) duration(name string, standard time.Duration) time.Duration {
	return e.milliseconds(name, standard, time.Millisecond)
}

// interval reads the time between two events that each need a lot of work. 0 is not valid, because
// the work would then use a whole processor.
func (e *Environment) interval(name string, standard time.Duration) time.Duration {
	return e.milliseconds(name, standard, 0)
}

// timeout reads a time limit. 0 is valid and means no limit, as the specification recommends.
func (e *Environment) timeout(name string, standard time.Duration) time.Duration {
	return e.milliseconds(name, standard, longest)
}

// milliseconds reads a time in whole milliseconds. The longest valid time is longest. The
// parameter zero is returned for 0. If the parameter zero is 0, then 0 is not valid. The parameter
// standard is returned if the variable has no valid value.
func (e *Environment) milliseconds(name string, standard, zero time.Duration) (d time.Duration) {
	defer func() { e.use(name, strconv.FormatInt(d.Milliseconds(), 10)) }()
	text := e.Text(name)
	if text == "" {
		return standard
	}
	least := 0
	if zero == 0 {
		least = 1
	}
	switch n, err := strconv.Atoi(text); {
	case err != nil || n < least || n > most:
	case n == 0:
		return zero
	default:
		return time.Duration(n) * time.Millisecond
	}
	cure := fmt.Sprintf("want whole milliseconds from %d to %d; %d is used", least, most, standard.Milliseconds())
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
