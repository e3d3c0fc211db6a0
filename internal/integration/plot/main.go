// The command plot draws the pictures of BENCHMARKS.md from the output of go test -bench:
//
//	go run ./plot -o ../../docs/images FILE...
//
// If a benchmark ran several times, plot shows the median. If a benchmark of a chart is
// missing, plot does not draw this chart, and prints the name of the chart to stderr.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	dir := flag.String("o", ".", "write the pictures to this `directory`")
	flag.Parse()
	if err := run(*dir, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

func run(dir string, files []string) error {
	if len(files) == 0 {
		return errors.New("no files (want files with the output of go test -bench)")
	}
	measured, err := read(files)
	if err != nil {
		return err
	}
	for _, c := range charts {
		image, err := c.draw(measured)
		if missing := (*missingError)(nil); errors.As(err, &missing) {
			fmt.Fprintf(os.Stderr, "plot: skipped %s: %v\n", c.file, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.file, err)
		}
		if err := os.WriteFile(filepath.Join(dir, c.file), image, 0o644); err != nil {
			return err
		}
	}
	return nil
}
