package corpus

import (
	"context"
	"errors"
	"fmt"
)

// Run executes the statements of all corpora in dir, which collect.py wrote. It returns one
// result per corpus, in the order of their names. Leaks and differences are part of the
// results. An error means that a corpus could not be checked.
func Run(dir string) ([]Result, error) {
	sources, err := readSources(dir)
	if err != nil {
		return nil, err
	}
	var results []Result
	for _, name := range names(sources) {
		r := Result{Corpus: name, Version: sources[name].Version, LeftOut: sources[name].LeftOut}
		if err := r.run(context.Background(), dir); err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

func (r *Result) run(ctx context.Context, dir string) (err error) {
	open := newDatabases()
	defer func() { err = errors.Join(err, open.close()) }()
	err = readStatements(dir, r.Corpus, func(s *Statement) error {
		succeeded, failed, err := open.record(ctx, s)
		if err == nil {
			r.judge(s, succeeded, failed)
		}
		return err
	})
	if err == nil && r.Statements == 0 {
		err = fmt.Errorf("%s has no statements", r.Corpus)
	}
	return err
}
