package sqltext_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/nais/spor/internal/sqltext"
)

const (
	canary = "Xq7Secret9" // inserted at the beginning and at the end of literals and comments
	digits = "77770"      // appended to numbers
)

// plant returns a copy of text. In the copy, plant adds a canary to each part that m does
// not read as code. If m does not split the copy into the same pieces as text, ok is false.
// If always is true, each dubious piece is treated as a literal.
func (m *mode) plant(text string, always bool) (planted string, ok bool) {
	var b strings.Builder
	pieces := m.lex(text)
	for i, p := range pieces {
		end := len(p.text) - p.closer
		switch {
		case p.role == numeric:
			b.WriteString(p.text + digits)
		case p.role == hidden, p.role == dubious && (always || inExpression(pieces, i)):
			b.WriteString(p.text[:p.open] + canary + p.text[p.open:end])
			if p.open < end {
				b.WriteString(canary)
			}
			b.WriteString(p.text[end:])
		default:
			b.WriteString(p.text)
		}
	}
	again := m.lex(b.String())
	return b.String(), slices.EqualFunc(pieces, again, func(a, b piece) bool { return a.role == b.role && a.open <= b.open })
}

// inExpression is called for a piece that could be a name or a literal. It reports whether
// the piece is a literal. This is the case if the previous piece is an operator or a
// keyword such as WHERE, and the next piece is not a dot.
func inExpression(pieces []piece, i int) bool {
	isCode := func(p piece) bool { return strings.TrimSpace(p.text) != "" && (p.role != hidden || p.text[0] == '\'') }
	before, after := "", ""
	for j := i - 1; j >= 0 && before == ""; j-- {
		if isCode(pieces[j]) {
			before = pieces[j].text
		}
	}
	for j := i + 1; j < len(pieces) && after == ""; j++ {
		if isCode(pieces[j]) {
			after = pieces[j].text
		}
	}
	return after != "." && slices.Contains([]string{"=", "<", ">", "+", "|", "SELECT", "WHERE", "AND", "OR", "LIKE", "THEN", "ELSE", "BETWEEN"}, strings.ToUpper(before))
}

// check calls [sqltext.Analyze]. The test fails if the result contains a part of the text
// that m reads as a literal.
func (m *mode) check(t *testing.T, system, text string) {
	t.Helper()
	d := sqltext.DialectOf(system)
	planted, ok := m.plant(text, d == sqltext.MySQL)
	if !ok {
		return
	}
	q := sqltext.Analyze(d, planted)
	if strings.HasPrefix(planted, "-- name: ") {
		q.Name = "" // the name is the only comment that may be recorded
	}
	for _, out := range []string{q.Text, q.Summary, q.Operation, q.Collection, q.Procedure, q.Name} {
		if strings.Contains(out, canary) || strings.Contains(out, digits) {
			t.Errorf("%s, %s:\n%s\nthe result contains a literal: %+v", system, m.name, planted, q)
		}
	}
}

// systems contains all values of db.system.name in the semantic conventions, and some other
// values.
var systems = strings.Fields(`
	actian.ingres aws.dynamodb aws.redshift azure.cosmosdb cassandra clickhouse cockroachdb couchbase couchdb derby elasticsearch firebirdsql
	gcp.spanner geode h2database hbase hive hsqldb ibm.db2 ibm.informix ibm.netezza influxdb instantdb intersystems.cache mariadb memcached
	microsoft.sql_server mongodb mysql neo4j opensearch oracle.db other_sql postgresql redis sap.hana sap.maxdb softwareag.adabas sqlite
	teradata trino snowflake duckdb vertica databricks gcp.bigquery mine`)

// modesOf returns the modes that a server of the given system can have. If the rules of the
// system are unknown, modesOf returns all modes.
func modesOf(system string) []mode {
	known := slices.DeleteFunc(slices.Clone(modes), func(m mode) bool { return !slices.Contains(m.systems, system) })
	if len(known) == 0 {
		return modes
	}
	return known
}

// literals contains literals of many databases. Some databases read a part of a literal of
// another database as code.
var literals = []string{
	`'a'`, `'it''s'`, `'a\'`, `'it\'s'`, `'a\\'`, `'a\'''`, `'a\''b'`, `'\'`, `''`, `''''`, `'a'''`, `'''a'b'''`, `'a' 'b'`, "'a'\n'b\\'c'",
	`e'it\'s'`, `E'a\\'`, "e'a'\n'b\\'c'", `b'01'`, `b'\'a'`, `x'4D'`, `N'a'`, `U&'d\0061'`, `U&'d!0061' UESCAPE '!'`, `U&"d!0061" UESCAPE '!'`, `_utf8mb4'a\'b'`, `_latin1 X'4D'`,
	`"a"`, `"a""b"`, `"a\"`, `"it\"s"`, `"it's"`, `"""a"b"""`, `r"a\"`, `r'a\'`, `R'''a\'b'''`, `rb"a"`, `b"""a"""`, "`a`", "`it's`", "`a``b`", "`a\\`b`", `[a]`, `[it's]`, `[a]]'b]`, `[a"b]`,
	`q'[it's]'`, `q'{it's}'`, `q'(it's)'`, `q'<it's>'`, `q'!it's!'`, `q'"it's"'`, `Q'#it's#'`, `nq'[it's]'`, `NQ'|it's|'`, `q'ait'sa'`, `q''it's''`, `q'æit'sæ'`, `q'\it's\'`, `q'[a]b']'`,
	`$$it's$$`, `$a$it's$a$`, `$a$ $b$ it's $a$`, `$1$it's$1$`, `$æ$it's$æ$`, `$5`, `$5.5`, `$a`, `$a('x)`, `@a('x)`, `:a('x)`, `$a::b('x)`, `@"a"`, `@'a'`, `@a/b`, `@~/a`,
	`/* it's */ 1`, `/* a /* it's */ b */ 1`, `/* a */ it's */ 1`, `/*! 'a */ b' */ 1`, `/*!50000 1 */`, `/*M! "a */ b" */ 1`, `/*+ f('a */ b') */ 1`, `/*! # */ '
		*/ 1`, "-- it's\n1", "--it's\n1", "1--1 'it\n's'", "-- it's\r'a'\n1", "# it's\n1", "#it's\n1", "#! it's\n1", "// it's\n1", `{it's} 1`, `{d '2020-01-01'}`, "--\n1",
	`0x1F`, `0b1`, `1e5`, `1_000`, `1.5`, `.5`, `-5`, `1e'a\'b'`, `5--1`, `DATE '2020-01-01'`, `DATE'2020-01-01'`, `INTERVAL '1' DAY`, `'4D'XB`,
	`‘it's’`, `“it's”`, "'\xbf\\'a'", "'\xe5' 'a'", `\'a\'`, "0xAB\\\nCD", `a'b'`, `a$b$c`, `a$e'it\'s'`, `$e'it\'s'`, "a#b'c'", `"a".5`, `:'a'`, `::'a'`, `a.q'[it's]'`, `1q'[it's]'`,
}

// statements contains statements. In each statement, the test replaces the placeholder %s
// with a literal.
var statements = []string{
	"SELECT %s", "SELECT a,%s,b FROM t WHERE x=1 AND y = 'z'", "SELECT * FROM t WHERE a = %s AND b = 'c'", "SELECT * FROM t WHERE a IN (1, %s, 3) OR b = %s",
	"INSERT INTO t (a, b) VALUES (1, %s), (%s, 2)", "UPDATE t SET a=%s WHERE b > %s", "CALL f(%s, g(%s))", "WITH x AS (SELECT %s) SELECT * FROM x WHERE y LIKE %s",
	"SELECT a FROM t WHERE a =%s/*c*/OR b=%s ORDER BY 1", "DELETE FROM t WHERE a <%s; SELECT %s", "SET a = %s", "SELECT * FROM %s WHERE a = %s",
	"CREATE TABLE t (a text DEFAULT %s)", "MERGE INTO t USING s ON %s=1 WHEN MATCHED THEN UPDATE SET a=%s", "%s SELECT %s", "VACUUM INTO %s", "ATTACH DATABASE %s AS b",
	"EXEC p %s", "p %s", "INSERT INTO t EXEC p %s", "INSERT INTO t FORMAT CSV %s", "INSERT INTO t SELECT * FROM %s FORMAT Values (%s)", "SELECT trim(%s FROM %s)",
	"SELECT a IS NOT DISTINCT FROM %s", "COPY t FROM %s", "CREATE FUNCTION f() RETURNS int AS %s", "LOAD DATA INFILE %s INTO TABLE t", "SELECT a %s b FROM c, %s",
}

// TestNoLiteralOfAnyMode checks that no literal is recorded. Systems with the same dialect
// and the same mode have the same results. Therefore each combination of a dialect and a
// mode is checked only once.
func TestNoLiteralOfAnyMode(t *testing.T) {
	type pair struct {
		dialect sqltext.Dialect
		mode    string
	}
	done := make(map[pair]bool)
	for _, system := range systems {
		t.Run(system, func(t *testing.T) {
			for i, m := range modesOf(system) {
				if p := (pair{sqltext.DialectOf(system), m.name}); !done[p] {
					done[p] = true
					m.checkAll(t, system, i)
				}
			}
		})
	}
}

// checkAll inserts each literal into some of the statements, and calls check for the
// results. offset selects the statements.
func (m *mode) checkAll(t *testing.T, system string, offset int) {
	t.Helper()
	step := 7
	if testing.Short() {
		step = len(statements)
	}
	for i, literal := range literals {
		for j := (i + offset) % step; j < len(statements); j += step {
			m.check(t, system, strings.ReplaceAll(statements[j], "%s", literal))
		}
	}
}

// parts contains the pieces from which random texts are made.
var parts = slices.Concat(strings.Fields(`
	SELECT SELECT INSERT INTO UPDATE DELETE FROM FROM WHERE WHERE AND OR IN ( ) ( ) , , = = < ; VALUES AS JOIN a b c t.a e E b x N q Q nq r rb U& 1 0x1F 5.5 $1 ? ?1 :a @a @@b #a
	' ' ' ' '' ''' " " "" """ `+"` `` [ ] { } \\ \\ \\\\ \\' ' ' $ $$ $a$ $a$ q'[ ]' q'! !' -- -- /* */ /* */ /*! /*+ // # ‘ ’ « æ å - + / * || :: . . _utf8 a$ FORMAT CSV EXEC SET CREATE LANGUAGE UESCAPE"),
	[]string{" ", " ", " ", " ", " ", "\n", "\n", "\r", "\t", "-- a\n", " = ", "\xff", "\xbf\\"})

// FuzzNoLiteralOfAnyMode checks the input text. It also makes random texts from the inputs
// seed and which, and checks them.
func FuzzNoLiteralOfAnyMode(f *testing.F) {
	for i, literal := range literals {
		f.Add(uint64(i), uint8(i), strings.ReplaceAll(statements[i%len(statements)], "%s", literal))
		f.Add(uint64(i), uint8(i), "")
	}
	f.Fuzz(func(t *testing.T, seed uint64, which uint8, text string) {
		system := systems[int(which)%len(systems)]
		modes := modesOf(system)
		m := modes[seed%uint64(len(modes))]
		// No protocol can transmit a zero byte.
		m.check(t, system, strings.ReplaceAll(text, "\x00", ""))
		random := rand.New(rand.NewPCG(seed, uint64(which)))
		for range 20 {
			m.check(t, system, randomText(random))
		}
	})
}

func randomText(random *rand.Rand) string {
	var b strings.Builder
	b.WriteString([]string{"SELECT ", "SELECT * FROM t WHERE a = ", "INSERT INTO t (a) VALUES (", ""}[random.IntN(4)])
	for range 1 + random.IntN(20) {
		part := parts[random.IntN(len(parts))]
		b.WriteString(part)
		if random.IntN(3) == 0 && utf8.ValidString(part) {
			b.WriteByte(' ')
		}
	}
	return b.String()
}
