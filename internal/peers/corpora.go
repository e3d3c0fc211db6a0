package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nais/spor/internal/peers/corpus"
)

// corporaName is the name of the SQL corpora among the suites.
const corporaName = "corpora"

// A floor is the smallest precision and recall that a corpus may have, in percent.
type floor struct{ operations, tables, collections share }

type share struct{ precision, recall float64 }

// floors are the floors of the corpora. They are a little below what was reached, because
// Debian's package is not pinned.
var floors = map[string]floor{
	"mariadb":    {share{99.9, 99.8}, share{99.8, 99.2}, share{99.8, 99.5}},
	"postgresql": {share{99.9, 99.8}, share{99.8, 99.9}, share{99.8, 99.8}},
	"sqlglot":    {share{99.5, 99.5}, share{98.3, 97.2}, share{97.8, 96.2}},
}

// playCorpora reads the statements of the SQL corpora, and runs them through sqltrace.
func (c *contest) playCorpora(ctx context.Context) error {
	began := time.Now()
	dir := filepath.Join(c.layout.work, "corpus")
	scripts := filepath.Join(c.layout.repository, "internal/peers/corpus")
	sources, statements := filepath.Join(dir, "sources"), filepath.Join(dir, "statements")
	for _, run := range [][]string{
		{"bash", filepath.Join(scripts, "fetch.sh"), sources},
		{"python3", filepath.Join(scripts, "collect.py"), sources, statements},
	} {
		if _, err := command(ctx, c.layout.repository, nil, run[0], run[1:]...); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stderr, "corpora: collected in %s\n", time.Since(began).Round(time.Second))
	results, err := corpus.Run(statements)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "corpora: judged in %s\n", time.Since(began).Round(time.Second))
	c.corpora = results
	var problems []error
	for i := range results {
		problems = append(problems, c.judgeCorpus(&results[i]))
	}
	return errors.Join(problems...)
}

// judgeCorpus looks for the reason of each leak, and compares the scores with their floors.
func (c *contest) judgeCorpus(r *corpus.Result) error {
	label := corporaName + ":" + r.Corpus
	c.playing(label)
	var problems []error
	for _, leak := range r.Leaks() {
		if c.explain(label, leak.ID) == nil {
			problems = append(problems, fmt.Errorf("%s %s: the literal %s of %q was recorded in %s", label, leak.ID, leak.Want, leak.SQL, leak.Got))
		}
	}
	want := floors[r.Corpus]
	for _, s := range []struct {
		name  string
		score corpus.Score
		share share
	}{{"operations", r.Operations, want.operations}, {"tables", r.Tables, want.tables}, {"db.collection.name", r.Collections, want.collections}} {
		if 100*s.score.Precision() < s.share.precision || 100*s.score.Recall() < s.share.recall {
			problems = append(problems, fmt.Errorf("%s: the precision of %s is %.2f %% and the recall is %.2f %%, want at least %.2f %% and %.2f %%",
				label, s.name, 100*s.score.Precision(), 100*s.score.Recall(), s.share.precision, s.share.recall))
		}
	}
	return errors.Join(problems...)
}

func percent(s corpus.Score) string {
	return fmt.Sprintf("%.1f / %.1f", 100*s.Precision(), 100*s.Recall())
}

// writeCorpora writes the table of the corpora, and the leaks with their reasons.
func writeCorpora(w io.Writer, results []corpus.Result, all []*known) {
	if len(results) == 0 {
		return
	}
	fmt.Fprint(w, "\n## SQL corpora\n\nThe literals of these statements were replaced by canaries, which were then searched for in everything that sqltrace records. The operation and the tables were compared with those of a parser (pglast, which is PostgreSQL's own, and sqlglot). The scores are precision and recall in percent.\n\n| corpus | version | statements | literals | leaks | operation | tables | `db.collection.name` |\n|---|---|---|---|---|---|---|---|\n")
	for i := range results {
		r := &results[i]
		fmt.Fprintf(w, "| %s | %s | %d | %d | %d | %s | %s | %s |\n", r.Corpus, r.Version, r.Statements, r.Literals, len(r.Leaks()), percent(r.Operations), percent(r.Tables), percent(r.Collections))
	}
	heading := "\n| corpus | statement | why the literal is recorded |\n|---|---|---|\n"
	for _, k := range all {
		if name, ok := strings.CutPrefix(k.suite, corporaName+":"); ok {
			fmt.Fprintf(w, "%s| %s | `%s` | %s |\n", heading, name, k.test, k.reason)
			heading = ""
		}
	}
}
