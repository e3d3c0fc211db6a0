package main

import (
	"fmt"
	"io"
	"runtime/debug"
)

func versionUsage(w io.Writer) {
	fmt.Fprint(w, "Usage: spor version\n\nPrint the version of spor, its commit, and the Go version that built it.\n")
}

func version(_ []string, std stdio) int {
	fmt.Fprintln(std.out, versionText(debug.ReadBuildInfo()))
	return 0
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
