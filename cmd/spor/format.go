package main

import (
	"encoding/json"
	"errors"
	"io"

	"github.com/spf13/cobra"
)

// A format is the value of the flag --format. The zero value means text.
type format string

const (
	textFormat format = "text"
	jsonFormat format = "json"
)

// String returns the value of the flag.
func (f *format) String() string { return string(*f) }

// Set sets the flag.
func (f *format) Set(value string) error {
	switch format(value) {
	case textFormat, jsonFormat:
		*f = format(value)
		return nil
	}
	return errors.New("want text or json")
}

// Type returns the name of the value in the help.
func (*format) Type() string { return "FORMAT" }

// completeFormat lets the shell complete the values of the flag --format.
func completeFormat(cmd *cobra.Command) {
	values := cobra.FixedCompletions([]cobra.Completion{string(textFormat), string(jsonFormat)}, cobra.ShellCompDirectiveNoFileComp)
	if err := cmd.RegisterFlagCompletionFunc("format", values); err != nil {
		panic(err) // the command has no such flag
	}
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
