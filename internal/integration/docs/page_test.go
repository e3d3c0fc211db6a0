package docs_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var code = regexp.MustCompile("`([^`]+)`")

// read returns the catalogue in the tables of a page. The first column has the names of
// spans, attributes, events, links or metrics. The second column has the unit of a metric,
// or the attributes of an event or link. The third column has the attributes of a
// metric. Names of spans begin with the kind of the span.
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

// cells returns the texts in backquotes of each cell of a row.
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
