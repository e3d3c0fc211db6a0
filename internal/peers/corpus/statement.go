package corpus

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// A Statement is one line of a file that collect.py wrote.
type Statement struct {
	// ID is a hash of the system and of the SQL before the canaries were placed.
	ID string
	// System is the db.system.name of the database.
	System string
	// SQL is the text with canaries.
	SQL string
	// Literals is the number of literals that contain a canary.
	Literals int
	// Canaries are the texts that must not be recorded. Each one belongs to one literal.
	Canaries []string
	// Operations are the values of db.operation.name that are right. If the list is empty,
	// no parser read the statement.
	Operations []string
	// Tables are the names of the tables, in lower case and without quotes. If the list is
	// nil, no parser found the tables.
	Tables []string
	// CollectionOnly is true if the summary may name other objects than tables.
	CollectionOnly bool `json:"collection_only"`
}

// A source is an entry of corpora.json.
type source struct {
	Version string
	LeftOut map[string]int `json:"left_out"`
}

// readSources returns the sources of the corpora in dir, by the name of the corpus.
func readSources(dir string) (map[string]source, error) {
	text, err := os.ReadFile(filepath.Join(dir, "corpora.json"))
	if err != nil {
		return nil, err
	}
	var index struct{ Corpora map[string]source }
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, fmt.Errorf("corpora.json: %w", err)
	}
	if len(index.Corpora) == 0 {
		return nil, errors.New("corpora.json lists no corpus")
	}
	return index.Corpora, nil
}

// names returns the names of the corpora in their order.
func names(sources map[string]source) []string { return slices.Sorted(maps.Keys(sources)) }

// readStatements calls use for each statement of the corpus name in dir.
func readStatements(dir, name string, use func(*Statement) error) error {
	file, err := os.Open(filepath.Join(dir, name+".jsonl"))
	if err != nil {
		return err
	}
	defer file.Close()
	decoder := json.NewDecoder(bufio.NewReaderSize(file, 1<<20))
	for {
		s := &Statement{}
		switch err := decoder.Decode(s); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s.jsonl: %w", name, err)
		}
		if err := use(s); err != nil {
			return fmt.Errorf("%s %s: %w", name, s.ID, err)
		}
	}
}
