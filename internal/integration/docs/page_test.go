package docs_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var code = regexp.MustCompile("`([^`]+)`")

// read returns the catalogue that the tables of a page contain. The first column of a table
// has the names of spans, attributes, events, links or metrics. The name of a span begins
// with the kind of the span. In a table of events or links, the second column has their
// attributes. In a table of metrics, the second column has the unit, and the third column
// has the attributes.
func read(tb testing.TB, path string) catalogue {
	tb.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	c, section := catalogue{}, ""
	for line := range strings.Lines(string(text)) {
		switch title, heading := strings.CutPrefix(line, "## "); {
		case heading:
			section = strings.TrimSpace(title)
		case strings.HasPrefix(line, "| `"):
			c.addRow(section, cells(line))
		}
	}
	return c
}

func (c catalogue) addRow(section string, row [][]string) {
	names := row[0]
	c.add(section, names...)
	switch section {
	case "Metrics":
		for _, name := range names {
			c.add(section, name+" unit "+strings.Join(row[1], ""))
			for _, key := range row[2] {
				c.add(section, name+" "+key)
			}
		}
	case "Events", "Links":
		for _, key := range row[1] {
			c.add(section, names[0]+" "+key)
		}
	}
}

// cells returns, for each cell of a row, the texts that are in backquotes.
func cells(line string) (row [][]string) {
	for cell := range strings.SplitSeq(strings.Trim(strings.TrimSpace(line), "|"), "|") {
		var names []string
		for _, match := range code.FindAllStringSubmatch(cell, -1) {
			names = append(names, match[1])
		}
		row = append(row, names)
	}
	return row
}
