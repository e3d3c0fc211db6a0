package sqltext_test

import (
	"testing"

	"github.com/nais/spor/internal/sqltext"
)

func TestCommentable(t *testing.T) {
	for text, want := range map[string]bool{
		"SELECT 1":                          true,
		"SELECT * FROM t WHERE a = 'x'":     true,
		"SELECT * FROM t WHERE a = $1;":     true,
		"SELECT e'a\\''":                    true,
		"SELECT $x$ a $x$":                  true,
		"SELECT a /":                        true,
		"SELECT 1\x00":                      false,
		"":                                  true,
		"-- name: Get :one\nSELECT 1":       false,
		"SELECT 1 -- last":                  false,
		"SELECT /* there */ 1":              false,
		"SELECT 'abc":                       false,
		"SELECT 'abc /* ":                   false,
		`SELECT "abc`:                       false,
		"SELECT $x$ abc":                    false,
		"SELECT e'abc\\'":                   false,
		"SELECT 1 /* abc":                   false,
		"SELECT 1 /* abc /* */ still":       false,
		"SELECT 'abc'' /* traceparent */ b": false,
	} {
		if got := sqltext.Analyze(sqltext.PostgreSQL, text).Commentable; got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// FuzzCommentable checks commentable texts. A comment that is added at the end must be read
// as a comment.
func FuzzCommentable(f *testing.F) {
	f.Add("SELECT 'abc")
	f.Add("SELECT e'\\'")
	f.Add("SELECT $a$ x $a$, 5")
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range []sqltext.Dialect{sqltext.PostgreSQL, sqltext.MySQL, sqltext.Oracle, sqltext.ClickHouse, sqltext.Other} {
			before := sqltext.Analyze(d, text)
			if !before.Commentable {
				continue
			}
			after := sqltext.Analyze(d, text+" /*traceparent='00'*/")
			if after.Text != before.Text || after.Commentable {
				t.Errorf("%q: %q became %q", text, before.Text, after.Text)
			}
		}
	})
}
