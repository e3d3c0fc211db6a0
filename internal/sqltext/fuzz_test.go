package sqltext_test

import (
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/nais/spor/internal/sqltext"
)

const secret = "Xq7Secret9"

// quotings contains functions for each dialect. Each function writes a literal or a comment
// that contains the function's argument.
var quotings = map[sqltext.Dialect][]func(string) string{
	sqltext.PostgreSQL: {
		doubled(`'`), prefixed("U&", doubled(`'`)), prefixed("B", doubled(`'`)),
		prefixed("E", func(s string) string { return backslashed(`'`, s) }),
		func(s string) string { return "$q_Q$" + strings.ReplaceAll(s, "$", "") + "$q_Q$" },
		func(s string) string { return "$$" + strings.ReplaceAll(s, "$", "") + "$$" },
		func(s string) string { return "/* " + nested(s) + " /* inner */ " + secret + " */1" },
		line("--"), number,
	},
	sqltext.MySQL: {
		func(s string) string { return backslashed(`'`, s) }, func(s string) string { return backslashed(`"`, s) },
		doubled2(`'`), doubled2(`"`), prefixed("_utf8", func(s string) string { return backslashed(`'`, s) }),
		func(s string) string { return "/* " + nested(s) + secret + " */1" },
		line("-- "), line("#"), number,
	},
	sqltext.SQLite: {
		doubled(`'`), prefixed("x", doubled(`'`)), prefixed("= ", doubled(`"`)),
		func(s string) string { return "/* " + nested(s) + secret + " */1" },
		line("--"), number,
	},
	sqltext.SQLServer: {
		doubled(`'`), prefixed("N", doubled(`'`)),
		func(s string) string { return "/* " + nested(s) + " /* inner */ " + secret + " */1" },
		line("--"), number, prefixed("$", number),
	},
	sqltext.Other: {
		func(s string) string { return doubled(`'`)(strings.ReplaceAll(s, `\`, "")) }, number,
	},
}

func doubled(quote string) func(string) string {
	return func(s string) string {
		return quote + strings.ReplaceAll(s, quote, quote+quote) + secret + quote
	}
}

// doubled2 does the same as doubled for MySQL, where a backslash is also an escape
// character.
func doubled2(quote string) func(string) string {
	return func(s string) string { return doubled(quote)(strings.ReplaceAll(s, `\`, `\\`)) }
}

func backslashed(quote, s string) string {
	return quote + strings.NewReplacer(`\`, `\\`, quote, `\`+quote).Replace(s) + secret + quote
}

func prefixed(prefix string, quoting func(string) string) func(string) string {
	return func(s string) string { return prefix + quoting(s) }
}

func line(begin string) func(string) string {
	return func(s string) string {
		return begin + strings.NewReplacer("\n", "", "\r", "").Replace(s) + secret + "\n1"
	}
}

func nested(s string) string { return strings.NewReplacer("/", "", "*", "").Replace(s) }

// number returns a number literal. The digits 7777 in the literal stand for the secret.
func number(string) string { return "0x7777_7777" }

// around contains statements. In each statement, the test replaces the placeholder %s with
// a literal.
var around = []string{
	"SELECT %s FROM t", "SELECT a,%s,b FROM t WHERE x=1", "SELECT * FROM t WHERE a IN (1, %s, 3)", "SELECT * FROM t WHERE a=%s AND b=%s",
	"INSERT INTO t (a, b) VALUES (1, %s), (%s, 2)", "UPDATE t SET a=%s WHERE b > %s", "CALL f(%s, g(%s))",
	"WITH x AS (SELECT %s) SELECT * FROM x WHERE y LIKE %s", "SELECT a FROM t WHERE a =%s/*c*/OR b=%s ORDER BY 1",
	"DELETE FROM t WHERE a <%s; SELECT %s", "SET a = %s", "SELECT * FROM %s",
	"CREATE TABLE t (a text DEFAULT %s)", "MERGE INTO t USING s ON %s=1 WHEN MATCHED THEN UPDATE SET a=%s", "%s SELECT %s",
}

func FuzzNoLiteralGetsThrough(f *testing.F) {
	for i := range 200 {
		f.Add(uint8(i), uint8(i/3), uint8(i/5), `it's "q" \ '' $$ -- /* `+"`[x]\x00\xff")
	}
	f.Fuzz(func(t *testing.T, where, how, db uint8, content string) {
		d := sqltext.Dialect(db % 5)
		content = strings.ReplaceAll(content, "\x00", "") // no protocol can transmit a zero byte
		quoting := quotings[d][int(how)%len(quotings[d])]
		text := strings.ReplaceAll(around[int(where)%len(around)], "%s", quoting(content))
		q := sqltext.Analyze(d, text)
		for _, out := range []string{q.Text, q.Summary, q.Operation, q.Collection, q.Procedure, q.Name} {
			if strings.Contains(out, secret) || strings.Contains(out, "7777") {
				t.Fatalf("dialect %v: the result of %q contains the secret: %+v", d, text, q)
			}
		}
	})
}

func FuzzAnyText(f *testing.F) {
	for _, text := range []string{"SELECT 1", "((((", "))))", "IN (1,", "VALUES (1),(", "\"", "$a$", "a.b.c", "\xff\xfe", "WITH a AS (", "å.ø = 'æ'", "#@!?"} {
		f.Add(uint8(0), text)
	}
	f.Fuzz(func(t *testing.T, db uint8, text string) {
		q := sqltext.Analyze(sqltext.Dialect(db%8), text)
		for _, out := range []string{q.Text, q.Summary, q.Operation, q.Collection, q.Procedure, q.Name} {
			if !utf8.ValidString(out) {
				t.Errorf("%q is not UTF-8", out)
			}
		}
		if len(q.Summary) > 255 || len(q.Collection) > 128 || len(q.Text) > 3*len(text)+8 {
			t.Errorf("too long: %+v", q)
		}
	})
}

// TestTimeIsLinear checks that the time of the analysis is linear. It analyzes texts of 1
// MiB for PostgreSQL and texts of 128 KiB for other dialects, without the limit of
// [sqltext.Analyze]. Each text repeats one part that could make the analysis quadratic.
// Quadratic code would take minutes.
func TestTimeIsLinear(t *testing.T) {
	for _, unit := range []string{
		"(", ")", ",", "'", `"`, "`", "[", "$", "$a$", "--", "/*", "/**/", "*/", "\n", "\\", "'\\'", "a.", "a,", "1,", "IN(1,",
		"VALUES(", "SELECT ", "FROM a,", "WITH a AS(", "#", "@", "?", "e'", "0x", ";", "æ", "a\"", "\xff", "a/*", "=--\n",
		"'a\\\\'", "$a$b$a$", "q'[", "q'[]'", "FORMAT ", "/*!", "[a]", "\xe2\x80\x98", "$.5",
	} {
		for d := range sqltext.Dialect(8) {
			size := 1 << 20
			if d != sqltext.PostgreSQL || testing.Short() {
				size /= 8
			}
			began := time.Now()
			sqltext.AnalyzeAll(d, strings.Repeat(unit, size/len(unit)))
			if got, limit := time.Since(began), 10*time.Second; got > limit {
				t.Errorf("dialect %v: a long text of %q took %v, want less than %v", d, unit, got, limit)
			}
		}
	}
}

func BenchmarkAnalyze(b *testing.B) {
	for _, text := range []string{
		"SELECT id, name FROM orders WHERE id = $1",
		"INSERT INTO orders (id, name) VALUES " + strings.Repeat("(1, 'Ada'), ", 10) + "(2, 'Bob')",
		"SELECT * FROM orders WHERE id IN (" + strings.Repeat("1, ", 100) + "2)",
	} {
		b.Run(strconv.Itoa(len(text)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sqltext.Analyze(sqltext.PostgreSQL, text)
			}
		})
	}
}
