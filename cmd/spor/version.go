package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (c *cli) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of spor",
		Long:  "Print the version of spor, its commit, and the Go version that built it.",
		Args:  cobra.NoArgs,
		Run:   func(cmd *cobra.Command, _ []string) { fmt.Fprintln(c.out, cmd.Root().Version) },
	}
}

func versionText(info *debug.BuildInfo, ok bool) string {
	if !ok {
		return "spor (unknown version)"
	}
	text := "spor " + info.Main.Version
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if commit := settings["vcs.revision"]; commit != "" {
		text += " " + commit[:min(len(commit), 12)]
		if settings["vcs.modified"] == "true" {
			text += "+changes"
		}
	}
	return text + " " + info.GoVersion
}
