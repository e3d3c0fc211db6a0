package setup

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// environment reads variables and gathers what is wrong with them, so that one
// bad value neither hides the next one nor stops the program.
type environment struct {
	get      func(string) string
	all      func() []string // as name=value
	problems []error
	used     func(name, value string) // is told what variables come to, unless nil
}

func processEnvironment() *environment { return &environment{get: os.Getenv, all: os.Environ} }

// use tells what a variable comes to.
func (e *environment) use(name, value string) {
	if e.used != nil {
		e.used(name, value)
	}
}

// text returns the value of a variable without surrounding white space. As the
// OpenTelemetry specification asks, an empty variable counts as unset.
func (e *environment) text(name string) string { return strings.TrimSpace(e.get(name)) }

// lower is text in lower case, for values that are names of a choice.
func (e *environment) lower(name string) string { return strings.ToLower(e.text(name)) }

// first returns the first of the variables that is set, and its name.
func (e *environment) first(names ...string) (name, value string) {
	for _, name := range names {
		if value := e.text(name); value != "" {
			return name, value
		}
	}
	return "", ""
}

// wrong notes that the value of a variable cannot be used, and the cure.
func (e *environment) wrong(name, value, cure string) {
	e.note(fmt.Errorf("setup: %s %q: %s", name, value, cure))
}

// wrongSecret is wrong for a variable whose value must not be repeated.
func (e *environment) wrongSecret(name, cure string) {
	e.note(fmt.Errorf("setup: %s: %s", name, cure))
}

// note keeps a problem once: several signals read the same variable.
func (e *environment) note(problem error) {
	for _, known := range e.problems {
		if known.Error() == problem.Error() {
			return
		}
	}
	e.problems = append(e.problems, problem)
}

func (e *environment) err() error { return errors.Join(e.problems...) }

// boolean reads a variable that is true or false, in any case.
func (e *environment) boolean(name string) (value, isSet bool) {
	defer func() { e.use(name, strconv.FormatBool(value)) }()
	text := e.text(name)
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
func (e *environment) integer(name string, standard, least, most int) (n int) {
	defer func() { e.use(name, strconv.Itoa(n)) }()
	text := e.text(name)
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
func (e *environment) milliseconds(name string, standard time.Duration) (d time.Duration) {
	defer func() { e.use(name, strconv.FormatInt(d.Milliseconds(), 10)) }()
	text := e.text(name)
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
