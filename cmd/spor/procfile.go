package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// An entry is a line of a Procfile: the name of a service, and the command that the shell runs.
type entry struct{ name, command string }

// procfileLine matches an entry as foreman does.
var procfileLine = regexp.MustCompile(`^([A-Za-z0-9_-]+):\s*(\S.*)$`)

// readProcfile returns the entries of a Procfile in the order of its lines.
func readProcfile(name string) ([]entry, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	var entries []entry
	seen := map[string]bool{}
	for lines := bufio.NewScanner(file); ; {
		if !lines.Scan() {
			err = lines.Err()
			break
		}
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		match := procfileLine.FindStringSubmatch(line)
		if match == nil {
			return nil, fmt.Errorf("%s: %q is not an entry (want NAME: COMMAND; a name has letters, digits, - and _)", name, line)
		}
		if seen[match[1]] {
			return nil, fmt.Errorf("%s: there are two entries %q (each service needs a name of its own)", name, match[1])
		}
		seen[match[1]] = true
		entries = append(entries, entry{match[1], match[2]})
	}
	if err == nil && len(entries) == 0 {
		err = errors.New("no entry (want lines such as web: go run ./cmd/web)")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return entries, nil
}
