package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"reflect"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/nais/spor/cmd/spor/internal/process"
	"github.com/nais/spor/cmd/spor/internal/query"
)

// exitNotThere is the exit code if a trace or a span does not exist.
const exitNotThere = 1

// A question is a command that asks a spor listen or a recording, and prints the answer.
type question struct {
	*cli

	source query.Source
	json   bool
}

// The function ask returns a command that asks for what the flags of filter select.
func (c *cli) ask(cmd *cobra.Command, filter any, answer func(q *question, ctx context.Context, args []string) error) *cobra.Command {
	q := &question{cli: c}
	cmd.Long += `

The telemetry is that of the spor listen that runs, or of a recording: a file
that spor run --record has written, or a run that spor view lists. Personal numbers and credentials are masked.`
	cmd.Annotations = map[string]string{exitCodesPart: `  0    the answer was printed, also if nothing matches
  1    the trace or the span does not exist, or spor no longer has it
  2    the arguments are wrong
  125  spor failed, for example because spor listen does not run`}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := exclusive(cmd.Flags(), args); err != nil {
			return err
		}
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		err := answer(q, ctx, args)
		if _, input := errors.AsType[query.InputError](err); input {
			return err
		}
		if err != nil {
			complain(c.err, "%s: %v", cmd.CommandPath(), err)
			c.code = process.ExitFailed
		}
		if errors.Is(err, query.ErrNotFound) {
			c.code = exitNotThere
		}
		return nil
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	registerFilter(flags, filter)
	flags.BoolVar(&q.json, "json", false, "print JSON (docs/agents.md describes it)")
	c.registerSource(flags, &q.source)
	return cmd
}

func (c *cli) registerSource(flags *pflag.FlagSet, source *query.Source) {
	source.Find = recordingFile
	source.Warn = func(text string) { complain(c.err, "spor: %s", text) }
	flags.StringVarP(&source.File, "file", "f", "", "read the recording `FILE`, or the run with this number (1 is the newest), instead of asking spor listen")
}

// exclusive returns an error if args select one trace or span, and a flag selects several.
func exclusive(flags *pflag.FlagSet, args []string) (err error) {
	if len(args) == 0 {
		return nil
	}
	flags.Visit(func(f *pflag.Flag) {
		if f.Name != "limit" && f.Name != "json" && f.Name != "file" {
			err = fmt.Errorf("--%s selects from a list (want no %q, or no --%[1]s)", f.Name, args[0])
		}
	})
	return err
}

// registerFilter registers a flag for each field of the struct that filter points to. The tags of
// a field contain the name and the description, which spor mcp uses as well. The first word in
// capitals of the description is the name of the value.
func registerFilter(flags *pflag.FlagSet, filter any) {
	v := reflect.ValueOf(filter).Elem()
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		name, _, _ := strings.Cut(tag.Get("json"), ",")
		name = strings.ReplaceAll(strings.TrimSuffix(name, "_id"), "_", "-")
		usage := quoteValue(tag.Get("jsonschema"))
		switch field := v.Field(i).Addr().Interface().(type) {
		case *string:
			flags.StringVar(field, name, "", usage)
		case *int:
			flags.IntVar(field, name, 0, usage)
		case *bool:
			flags.BoolVar(field, name, false, usage)
		}
	}
}

// quoteValue puts backquotes around the first word in capitals. Package pflag prints it after the
// name of the flag.
func quoteValue(usage string) string {
	words := strings.Split(usage, " ")
	for i, word := range words {
		name := strings.TrimRight(word, ":,")
		acronym := name == "HTTP" || name == "RPC" || name == "ID"
		if name != "" && !acronym && strings.ToUpper(name) == name && strings.ToLower(name) != name {
			words[i] = "`" + name + "`" + word[len(name):]
			break
		}
	}
	return strings.Join(words, " ")
}

// The function print prints answer as JSON, or calls text to print it for a reader.
func (q *question) print(answer any, text func(t *table)) error {
	if q.json {
		return printJSON(q.out, answer)
	}
	t := newTable(q.out)
	text(t)
	return t.err
}

// The method left prints what the limit leaves out. thing is the name of one item.
func (t *table) left(shown int, left query.Left, thing string) {
	if shown == 0 {
		t.line("no " + thing + " matches")
	}
	if left.More > 0 {
		t.line(fmt.Sprintf("… %d more (--limit N shows more)", left.More))
	}
	if left.Dropped > 0 {
		t.line(fmt.Sprintf("(spor has dropped the oldest ones: %s)", count(left.Dropped, thing)))
	}
}

// The function ms returns a duration in ms with three digits or more.
func ms(duration float64) string {
	d := time.Duration(duration * float64(time.Millisecond))
	switch {
	case d >= 10*time.Second:
		d = d.Round(100 * time.Millisecond)
	case d >= time.Second:
		d = d.Round(10 * time.Millisecond)
	case d >= 10*time.Millisecond:
		d = d.Round(100 * time.Microsecond)
	default:
		d = d.Round(time.Microsecond)
	}
	return d.String()
}
