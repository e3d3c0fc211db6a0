package sqltext_test

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// A mode defines how a server with certain settings reads a text. A client does not know
// these settings. The lexer of a mode was written from the manual of the database. It
// shares no code with package sqltext.
type mode struct {
	name    string
	systems []string
	rules   []rule
	hash    bool // names may contain a number sign
}

// A rule reads a literal, a comment or a name at the beginning of text. It returns three
// lengths: open is the length of the opening delimiter, closer is the length of the closing
// delimiter, and n is the length of the whole piece. If text begins with something else, n
// is 0.
type rule struct {
	role role
	read func(before, text string) (open, closer, n int)
}

type role uint8

const (
	name    role = iota
	hidden       // a literal or a comment
	dubious      // a literal in an expression, otherwise a name
	numeric
	other
)

// A piece is a part of a text. All characters of a piece have the same role.
type piece struct {
	role         role
	text         string
	open, closer int
}

// lex splits text into pieces. If a piece has no closing delimiter, it ends at the end of
// text.
func (m *mode) lex(text string) []piece {
	var pieces []piece
next:
	for at := 0; at < len(text); {
		for _, r := range m.rules {
			if open, closer, n := r.read(text[:at], text[at:]); n > 0 {
				pieces = append(pieces, piece{r.role, text[at:][:n], open, closer})
				at += n
				continue next
			}
		}
		p := piece{role: other}
		switch rest := text[at:]; {
		case isNumber(text, at):
			p.role, p.text = numeric, numbers.FindString(rest)
			p.open = len(p.text)
		case strings.IndexByte(signs, rest[0]) >= 0:
			p.text = rest[:1]
		case words.MatchString(rest):
			p.text = words.FindString(rest)
			if i := strings.IndexByte(p.text, '#'); i > 0 && !m.hash {
				p.text = p.text[:i]
			}
		default:
			_, size := utf8.DecodeRuneInString(rest)
			p.text = rest[:size]
		}
		pieces = append(pieces, p)
		at += len(p.text)
	}
	return pieces
}

// signs contains characters that occur often and are never part of a name.
const signs = " \n()',\".;=*/-+<>\\`[]{}"

var (
	numbers = regexp.MustCompile(`^(0[xX][0-9a-fA-F]+|[0-9][0-9_]*(\.[0-9]*)?([eE][+-]?[0-9]+)?)`)
	words   = regexp.MustCompile(`^[\pL\pN_][\pL\pN_$#]*`)
)

// isNumber reports whether a number begins at the position at. A number that is a part of
// another piece does not count.
func isNumber(text string, at int) bool {
	if c := text[at]; c < '0' || c > '9' {
		return false
	}
	found := numbers.FindString(text[at:])
	rest := text[at+len(found):]
	return found != "" && !words.MatchString(rest) && !strings.HasPrefix(rest, "$") && !strings.HasPrefix(rest, "#") &&
		(at == 0 || strings.IndexByte(`$:?@#.`, text[at-1]) < 0)
}

// quoting returns a rule for text between open and closer. prefix is expected before open,
// in upper or lower case. If doubled is true, two closers in a row do not end the text. If
// escapes is true, a closer after a backslash does not end the text.
func quoting(r role, prefix, open, closer string, doubled, escapes bool) rule {
	return rule{r, func(_, text string) (int, int, int) {
		if len(text) < len(prefix)+len(open) || !strings.EqualFold(text[:len(prefix)], prefix) || !strings.HasPrefix(text[len(prefix):], open) {
			return 0, 0, 0
		}
		begin := len(prefix) + len(open)
		for i := begin; i < len(text); i++ {
			switch rest := text[i:]; {
			case escapes && rest[0] == '\\':
				i++
			case doubled && strings.HasPrefix(rest, closer+closer):
				i += len(closer)
			case strings.HasPrefix(rest, closer):
				return begin, len(closer), i + len(closer)
			}
		}
		return begin, 0, len(text)
	}}
}

func plain(r role, quote string) rule { return quoting(r, "", quote, quote, true, false) }

func escaped(r role, quote string) rule { return quoting(r, "", quote, quote, true, true) }

func bracketed(doubled bool) rule { return quoting(name, "", "[", "]", doubled, false) }

// continued returns a rule for an escape string of PostgreSQL. Such a string may have
// several parts on separate lines.
func continued(prefix string) rule {
	first, more := quoting(hidden, prefix, "'", "'", true, true), regexp.MustCompile(`^[ \t]*[\r\n]\s*'`)
	following := escaped(hidden, "'")
	return rule{hidden, func(before, text string) (int, int, int) {
		open, closer, n := first.read(before, text)
		for n > 0 && closer > 0 {
			gap := more.FindString(text[n:])
			if gap == "" {
				break
			}
			var length int
			n += len(gap) - 1
			_, closer, length = following.read("", text[n:])
			n += length
		}
		return open, closer, n
	}}
}

// tagged returns a rule for text between two tags such as $a$.
func tagged(tag string) rule {
	tags := regexp.MustCompile(`^\$(` + tag + `)?\$`)
	return rule{hidden, func(_, text string) (int, int, int) {
		if text[0] != '$' {
			return 0, 0, 0
		}
		open := tags.FindString(text)
		if open == "" {
			return 0, 0, 0
		}
		if i := strings.Index(text[len(open):], open); i >= 0 {
			return len(open), len(open), i + 2*len(open)
		}
		return len(open), 0, len(text)
	}}
}

const (
	nameTag = `[A-Za-z_\pL][\w\pL]*`
	wordTag = `\w+`
)

// alternative returns a rule for a literal such as q'[…]'.
func alternative(prefix string) rule {
	return rule{hidden, func(_, text string) (int, int, int) {
		begin := len(prefix) + 1
		if len(text) < begin || !strings.EqualFold(text[:begin], prefix+"'") {
			return 0, 0, 0
		}
		delimiter, size := utf8.DecodeRuneInString(text[begin:])
		closer := string(delimiter) + "'"
		if i := strings.IndexRune("([{<", delimiter); i >= 0 {
			closer = string(")]}>"[i]) + "'"
		}
		begin += size
		if i := strings.Index(text[begin:], closer); i >= 0 {
			return begin, len(closer), begin + i + len(closer)
		}
		return begin, 0, len(text)
	}}
}

// lineComment returns a rule for a comment that begins with begin and ends before one of
// the bytes in ends. If next is not empty, one of the bytes in next must follow begin.
func lineComment(begin, ends, next string) rule {
	return rule{hidden, func(_, text string) (int, int, int) {
		rest, found := strings.CutPrefix(text, begin)
		if !found || next != "" && rest != "" && strings.IndexByte(next, rest[0]) < 0 {
			return 0, 0, 0
		}
		n := len(text)
		if i := strings.IndexAny(text, ends); i >= 0 {
			n = i
		}
		return n, 0, n // the whole comment is the opening delimiter
	}}
}

func blockComment(nested bool) rule {
	return rule{hidden, func(_, text string) (int, int, int) {
		if !strings.HasPrefix(text, "/*") {
			return 0, 0, 0
		}
		depth := 1
		for i := 2; i+1 < len(text); i++ {
			switch {
			case nested && text[i:i+2] == "/*":
				depth++
				i++
			case text[i:i+2] == "*/":
				depth--
				i++
				if depth == 0 {
					return i - 1, 2, i + 1
				}
			}
		}
		return len(text), 0, len(text)
	}}
}

// hint returns a rule for the start and the end of a comment that the database executes as
// code.
func hint() rule {
	begins, last := regexp.MustCompile(`^/\*(M?!\d*|\+)`), regexp.MustCompile(`^(?s).*/\*(M?!|\+)`)
	return rule{other, func(before, text string) (int, int, int) {
		switch {
		case strings.HasPrefix(text, "/*"):
			return 0, 0, len(begins.FindString(text))
		case !strings.HasPrefix(text, "*/"):
			return 0, 0, 0
		}
		if inside := last.FindString(before); inside != "" && !strings.Contains(before[len(inside):], "*/") {
			return 0, 0, 2
		}
		return 0, 0, 0
	}}
}

// data returns a rule for the data in an INSERT of ClickHouse. The data follows the name of
// its format.
func data() rule {
	format, insert := regexp.MustCompile(`(?i)^format\s+\w+\s`), regexp.MustCompile(`(?i)^\s*insert\s[^'"/#;-]*$`)
	return rule{hidden, func(before, text string) (int, int, int) {
		if text[0]|0x20 != 'f' {
			return 0, 0, 0
		}
		n := len(format.FindString(text))
		if n == 0 || !insert.MatchString(before) || !strings.HasSuffix(before, " ") {
			return 0, 0, 0
		}
		return n, 0, len(text)
	}}
}

// variable returns a rule for a variable of SQLite. Suffixes such as ::a and (…) are part
// of the variable.
func variable() rule {
	variables := regexp.MustCompile(`^[$@:#][\w\pL$]+(::[\w\pL$]+)*(\([^\s)]*\))?`)
	return rule{name, func(_, text string) (int, int, int) {
		if strings.IndexByte("$@:#", text[0]) < 0 {
			return 0, 0, 0
		}
		return 0, 0, len(variables.FindString(text))
	}}
}

const blanks = " \t\n\v\f\r\x7f"

var modes = append(mysqlModes(), []mode{
	{"standard_conforming_strings=on", []string{"postgresql"}, []rule{
		continued("e"), plain(hidden, `'`), plain(name, `"`), tagged(nameTag), lineComment("--", "\r\n", ""), blockComment(true),
	}, false},
	{"standard_conforming_strings=off", []string{"postgresql"}, []rule{
		continued("e"), escaped(hidden, `'`), plain(name, `"`), tagged(nameTag), lineComment("--", "\r\n", ""), blockComment(true),
	}, false},
	{"CockroachDB", []string{"cockroachdb"}, []rule{
		quoting(hidden, "e", `'`, `'`, true, true), quoting(hidden, "b", `'`, `'`, true, true), plain(hidden, `'`), plain(name, `"`),
		tagged(nameTag), lineComment("--", "\n", ""), blockComment(true),
	}, false},
	{"Redshift", []string{"aws.redshift"}, []rule{
		escaped(hidden, `'`), plain(name, `"`), tagged(nameTag), lineComment("--", "\r\n", ""), blockComment(true),
	}, false},
	{"SQLite", []string{"sqlite"}, []rule{
		plain(hidden, `'`), plain(dubious, `"`), plain(name, "`"), bracketed(false), variable(), lineComment("--", "\n", ""), blockComment(false),
	}, false},
	{"QUOTED_IDENTIFIER=ON", []string{"microsoft.sql_server"}, []rule{
		plain(hidden, `'`), plain(name, `"`), bracketed(true), lineComment("--", "\n", ""), blockComment(true),
	}, true},
	{"QUOTED_IDENTIFIER=OFF", []string{"microsoft.sql_server"}, []rule{
		plain(hidden, `'`), plain(dubious, `"`), bracketed(true), lineComment("--", "\n", ""), blockComment(true),
	}, true},
	{"Oracle", []string{"oracle.db"}, []rule{
		alternative("q"), alternative("nq"), plain(hidden, `'`), plain(name, `"`), lineComment("--", "\n", ""), blockComment(false),
	}, true},
	{"ClickHouse", []string{"clickhouse"}, []rule{
		data(), escaped(hidden, `'`), escaped(name, `"`), escaped(name, "`"), tagged(wordTag), quoting(hidden, "", "‘", "’", false, false),
		quoting(name, "", "“", "”", false, false), lineComment("--", "\n", ""), lineComment("#", "\n", " !"), blockComment(false),
	}, false},
	{"ClickHouse with nested comments", []string{"clickhouse"}, []rule{
		data(), escaped(hidden, `'`), escaped(name, `"`), escaped(name, "`"), tagged(wordTag), lineComment("--", "\n", ""), lineComment("//", "\n", ""), blockComment(true),
	}, false},
	{"GoogleSQL", []string{"gcp.spanner", "gcp.bigquery"}, []rule{
		google("br", `'''`), google("rb", `'''`), google("r", `'''`), google("b", `'''`), google("", `'''`),
		google("br", `"""`), google("rb", `"""`), google("r", `"""`), google("b", `"""`), google("", `"""`),
		google("br", `'`), google("rb", `'`), google("r", `'`), google("b", `'`), google("", `'`),
		quoting(dubious, "", `"`, `"`, false, true), quoting(name, "", "`", "`", false, true),
		lineComment("--", "\r\n", ""), lineComment("#", "\r\n", ""), blockComment(false),
	}, false},
	{"Spark", []string{"hive", "databricks"}, []rule{
		quoting(hidden, "r", `'`, `'`, false, false), quoting(hidden, "", `'`, `'`, false, true), quoting(dubious, "", `"`, `"`, false, true),
		plain(name, "`"), lineComment("--", "\n", ""), blockComment(true),
	}, false},
	{"Snowflake", []string{"snowflake"}, []rule{
		escaped(hidden, `'`), plain(name, `"`), quoting(hidden, "", "$$", "$$", false, false), lineComment("--", "\n", ""), lineComment("//", "\n", ""), blockComment(false),
	}, false},
	{"ANSI", []string{"trino", "ibm.db2", "teradata", "hsqldb", "sap.hana", "derby"}, []rule{
		plain(hidden, `'`), plain(name, `"`), lineComment("--", "\n", ""), blockComment(false),
	}, true},
	{"ANSI with nested comments", []string{"derby", "ibm.db2"}, []rule{
		plain(hidden, `'`), plain(name, `"`), lineComment("--", "\n", ""), blockComment(true),
	}, true},
	{"H2", []string{"h2database"}, []rule{
		plain(hidden, `'`), plain(name, `"`), plain(name, "`"), bracketed(false), quoting(hidden, "", "$$", "$$", false, false),
		lineComment("--", "\n", ""), lineComment("//", "\n", ""), blockComment(true),
	}, false},
	{"Firebird", []string{"firebirdsql"}, []rule{
		alternative("q"), plain(hidden, `'`), plain(dubious, `"`), lineComment("--", "\n", ""), blockComment(false),
	}, false},
	{"Informix", []string{"ibm.informix"}, []rule{
		plain(hidden, `'`), plain(dubious, `"`), quoting(hidden, "", "{", "}", false, false), lineComment("--", "\n", ""), blockComment(false),
	}, false},
	{"PartiQL", []string{"aws.dynamodb"}, []rule{
		plain(hidden, `'`), plain(name, `"`), plain(dubious, "`"), lineComment("--", "\r\n", ""), blockComment(true),
	}, false},
}...)

func google(prefix, quote string) rule { return quoting(hidden, prefix, quote, quote, false, true) }

// mysqlModes returns the modes that a MySQL or MariaDB server can have.
func mysqlModes() []mode {
	var modes []mode
	for bits := range 16 {
		escapes, ansi, recent, executes := bits&1 == 0, bits&2 != 0, bits&4 != 0, bits&8 != 0
		m := mode{name: "MySQL", systems: []string{"mysql", "mariadb"}}
		m.rules = append(m.rules, quoting(hidden, "", `'`, `'`, true, escapes))
		if ansi {
			m.name += " ANSI_QUOTES"
			m.rules = append(m.rules, plain(name, `"`))
		} else {
			m.rules = append(m.rules, quoting(dubious, "", `"`, `"`, true, escapes))
		}
		if !escapes {
			m.name += " NO_BACKSLASH_ESCAPES"
		}
		if recent {
			m.name += " 9"
			m.rules = append(m.rules, tagged(nameTag))
		}
		if executes {
			m.name += " with code in comments"
			m.rules = append(m.rules, hint())
		}
		m.rules = append(m.rules, plain(name, "`"), lineComment("--", "\n", blanks), lineComment("#", "\n", ""), blockComment(false))
		modes = append(modes, m)
	}
	return modes
}
