package sqldb

import (
	"slices"
	"strings"

	"github.com/nais/spor/internal/db"
)

const (
	// mostTexts is the maximum number of different statements that describe a batch. A batch with
	// more different statements is described by the first of them.
	mostTexts = 20
	// longestSummary is the maximum length of a summary, as the semantic conventions recommend.
	longestSummary = 255
	// Only batches that programs repeat are cached. They have few different statements, whose texts
	// are not longer than longestKey.
	mostCached = 4
	longestKey = 4096
)

// Batch returns the operation of a batch. queries contains the texts of its statements.
func (s *Statements) Batch(queries func(yield func(string) bool)) *db.Operation {
	var memory [4]string
	texts := memory[:0]
	for query := range queries {
		if !slices.Contains(texts, query) {
			if texts = append(texts, query); len(texts) == mostTexts {
				break
			}
		}
	}
	key := texts[0]
	if len(texts) > 1 {
		key = strings.Join(texts, "\x00")
	}
	build := func(string) *db.Operation { return s.newBatch(texts) }
	if len(texts) > mostCached || len(key) > longestKey {
		return build(key)
	}
	return s.batches.Get(key, build)
}

// newBatch describes a batch as the semantic conventions require. The name of the operation, the
// collection and the summary are those of the statements, as far as the statements are alike.
func (s *Statements) newBatch(queries []string) *db.Operation {
	first := s.Get(queries[0])
	d := db.Description{Name: "BATCH", Summary: "BATCH", Collection: first.Collection}
	alike := true
	var summaries, texts []string
	for _, query := range queries {
		st := s.Get(query)
		alike = alike && st.Name == first.Name
		if st.Collection != first.Collection {
			d.Collection = ""
		}
		if st.Summary != "" && !slices.Contains(summaries, st.Summary) {
			summaries = append(summaries, st.Summary)
		}
		if st.Text != "" && !slices.Contains(texts, st.Text) {
			texts = append(texts, st.Text)
		}
	}
	if alike && first.Name != "" {
		d.Name += " " + first.Name
	}
	for i, summary := range summaries {
		separator := " "
		if i > 0 {
			separator = "; "
		}
		if len(d.Summary)+len(separator)+len(summary) > longestSummary {
			break
		}
		d.Summary += separator + summary
	}
	d.Text = strings.Join(texts, "; ")
	return s.New(d)
}
