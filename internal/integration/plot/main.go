// The command plot draws the pictures of BENCHMARKS.md from what go test -bench has
// written:
//
//	go run ./plot -o ../../docs/images FILE...
//
// Of a benchmark that ran several times it shows the median. A chart of which a
// benchmark is missing is skipped, and named on stderr.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	dir := flag.String("o", ".", "the `directory` to write the pictures to")
	flag.Parse()
	if err := run(*dir, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

func run(dir string, files []string) error {
	if len(files) == 0 {
		return errors.New("no files (give the output of go test -bench)")
	}
	measured, err := read(files)
	if err != nil {
		return err
	}
	for _, c := range charts {
		image, err := c.draw(measured)
		if missing := (*missingError)(nil); errors.As(err, &missing) {
			fmt.Fprintf(os.Stderr, "plot: %s is skipped: %v\n", c.file, err)
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
