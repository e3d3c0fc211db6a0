package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nais/spor/internal/display"
	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/viewer"
)

const (
	// keptRuns and keptBytes are the maximum number and size of the runs that are kept.
	keptRuns  = 20
	keptBytes = 512 << 20
	// keptRunBytes is the maximum size of one run.
	keptRunBytes = 64 << 20
	// runTime is the form of the time in the name of a run. The names are sorted by time.
	runTime = "20060102T150405.000"
)

// A keptRun is a recording in the user's cache folder.
type keptRun struct {
	file  string
	name  string // of the service
	start time.Time
	bytes int64
}

// runsFolder returns the folder with the runs of this user.
func runsFolder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "spor", "runs"), nil
}

// readRuns returns the runs, the newest first.
func readRuns() ([]keptRun, error) {
	dir, err := runsFolder()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var runs []keptRun
	for _, e := range entries {
		stamp, name, found := strings.Cut(strings.TrimSuffix(e.Name(), ".jsonl"), "-")
		start, err := time.Parse(runTime, stamp)
		info, statErr := e.Info()
		if !found || err != nil || statErr != nil {
			continue // not a file of spor, or just deleted
		}
		runs = append(runs, keptRun{filepath.Join(dir, e.Name()), name, start, info.Size()})
	}
	slices.SortFunc(runs, func(a, b keptRun) int { return cmp.Or(b.start.Compare(a.start), cmp.Compare(b.file, a.file)) })
	return runs, nil
}

// viewerRuns returns the runs for the pages of the viewer.
func viewerRuns() ([]viewer.Run, error) {
	kept, err := readRuns()
	runs := make([]viewer.Run, 0, len(kept))
	for _, r := range kept {
		id := strings.TrimSuffix(filepath.Base(r.file), ".jsonl")
		runs = append(runs, viewer.Run{ID: id, Name: r.name, Start: r.start, Version: strconv.FormatInt(r.bytes, 10), Open: func() (io.ReadCloser, error) { return os.Open(r.file) }})
	}
	return runs, err
}

// newRun returns a recorder for a run of the service with this name. It deletes the oldest runs.
func newRun(name string, say func(string)) (*recorder, error) {
	dir, err := runsFolder()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := deleteOldRuns(); err != nil {
		return nil, err
	}
	name = strings.ReplaceAll(strings.ReplaceAll(name, "/", "_"), string(filepath.Separator), "_")
	stamp := time.Now().UTC().Format(runTime)
	file, err := os.OpenFile(filepath.Join(dir, stamp+"-"+name+".jsonl"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return &recorder{file: file, writer: recording.NewWriter(&limitedWriter{file, keptRunBytes}), say: say}, nil
}

// deleteOldRuns makes room for one more run.
func deleteOldRuns() error {
	runs, err := readRuns()
	if err != nil {
		return err
	}
	total := int64(keptRunBytes)
	for i, r := range runs {
		if total += r.bytes; i >= keptRuns-1 || total > keptBytes {
			if err := os.Remove(r.file); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

var errRunFull = fmt.Errorf("a run that is kept has at most %d MiB (use --record for a larger one)", keptRunBytes>>20)

// A limitedWriter writes at most left bytes.
type limitedWriter struct {
	w    io.Writer
	left int
}

// Write writes p, or nothing if p is too long.
func (l *limitedWriter) Write(p []byte) (int, error) {
	if len(p) > l.left {
		l.left = 0
		return 0, errRunFull
	}
	l.left -= len(p)
	return l.w.Write(p)
}

// recordingFile returns the file with this name. If name is a number and not a file, it returns the
// run with this number: 1 is the newest.
func recordingFile(name string) (string, error) {
	n, err := strconv.Atoi(name)
	isNumber := err == nil
	if _, err := os.Stat(name); err == nil || !isNumber {
		return name, nil
	}
	runs, err := readRuns()
	if err != nil {
		return "", err
	}
	if n < 1 || n > len(runs) {
		return "", fmt.Errorf("no file and no run %s (%s kept; spor view lists them)", name, count(len(runs), "run"))
	}
	return runs[n-1].file, nil
}

// printRuns lists the runs.
func printRuns(w io.Writer) error {
	runs, err := readRuns()
	if err != nil {
		return err
	}
	var text strings.Builder
	for i, r := range runs {
		fmt.Fprintf(&text, "%3d  %s  %8.1f MiB  %s\n", i+1, r.start.Local().Format(time.DateTime), float64(r.bytes)/(1<<20), display.Line(r.name))
	}
	if len(runs) == 0 {
		text.WriteString("no runs are kept (spor run -- COMMAND makes one)\n")
	} else {
		text.WriteString("spor view 1 opens the newest\n")
	}
	_, err = io.WriteString(w, text.String())
	return err
}
