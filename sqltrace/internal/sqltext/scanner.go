package sqltext

import (
	"slices"
	"strings"

	"github.com/DataDog/go-sqllexer"
)

type kind uint8

const (
	end kind = iota
	space
	comment
	literal
	boolean
	word
	quoted    // identifier
	ambiguous // identifier or literal
	param
	symbol
	unreadable
)

type token struct {
	kind kind
	text string
	// glued is set when nothing is between the token and the one before.
	glued bool
	// call is set for a word that an opening parenthesis follows.
	call bool
}

// scanner reads SQL as its dialect does: where that has quotes and comments
// which the lexer does not know, or knows otherwise, by itself.
type scanner struct {
	dialect Dialect
	text    string
	pos     int
	lexer   *sqllexer.Lexer // at pos; nil when it is not
	limit   int             // where what the lexer was given ends
	window  int             // how much that was, when it was not the rest of the text

	inserts, creates bool // INSERT was there, or CREATE
	foreign          bool // the rest is not SQL
}

// smallWindow is what a lexer is given after it was stopped: it may have to be
// again and again, and must not read the whole rest each time.
const smallWindow = 64

// next returns the next token. Tokens are never empty, but for the last.
func (s *scanner) next() token {
	rest := s.text[s.pos:]
	if rest == "" {
		return token{kind: end}
	}
	if s.foreign && !isSpace(rest[0]) {
		return s.take(unreadable, len(rest))
	}
	if k, n := s.dialect.opening(s.text, s.pos); n > 0 {
		s.skip(k, n)
		return s.take(k, n)
	}
	t, n := s.scan()
	if n == 0 || t.Type == sqllexer.ERROR {
		return s.take(unreadable, len(rest))
	}
	next := s.take(kindOf(t.Type), n)
	if next.kind == word && dialects[s.dialect].foreign {
		s.heed(next.text)
	}
	return next
}

// skip leaves out n bytes. The lexer stays if it reads a literal of the same length.
func (s *scanner) skip(k kind, n int) {
	begin := s.text[s.pos]
	known := k == literal && (begin == '\'' || begin == '$' && dialects[s.dialect].heredoc)
	if s.lexer != nil && (!known || s.pos+n >= s.limit || len(s.lexer.Scan().Value) != n) {
		s.lexer = nil
	}
}

// heed notices where a statement ends in data or in code of another language.
func (s *scanner) heed(name string) {
	is := func(other string) bool { return strings.EqualFold(name, other) }
	switch {
	case is("INSERT"):
		s.inserts = true
	case is("CREATE"):
		s.creates = true
	case s.inserts && is("FORMAT"):
		rest := strings.TrimLeft(s.text[s.pos:], " \t\r\n")
		s.foreign = rest == "" || strings.IndexByte(",)(.=", rest[0]) < 0
	case s.creates && slices.ContainsFunc(languages, is):
		s.foreign = true
	}
}

// languages are words after which CREATE may have code of another language.
var languages = []string{"JAVA", "JAVASCRIPT", "LANGUAGE", "MLE", "SCRIPT"}

// scan returns what the lexer finds at pos, and how much of it is one token.
// Something that ends with what the lexer was given may go on: then it is given
// more.
func (s *scanner) scan() (t *sqllexer.Token, n int) {
	for {
		if s.lexer == nil {
			s.limit = len(s.text)
			if s.window > 0 && s.window < s.limit-s.pos {
				s.limit = s.pos + s.window
			}
			s.lexer = s.dialect.lexer(s.text[s.pos:s.limit])
		}
		t = s.lexer.Scan()
		n = len(t.Value)
		if cut := s.overrun(t); cut < n {
			s.lexer, s.window = nil, smallWindow
			return t, cut
		}
		if s.limit == len(s.text) || s.pos+n+longestAhead < s.limit {
			return t, n
		}
		s.lexer = nil
		s.window *= 2
	}
}

// longestAhead is how far the lexer looks beyond a token.
const longestAhead = 4

func (s *scanner) take(k kind, n int) token {
	t := token{kind: k, text: s.text[s.pos : s.pos+n]}
	t.glued = s.pos > 0 && !isSpace(s.text[s.pos-1])
	s.pos += n
	t.call = k == word && strings.HasPrefix(s.text[s.pos:], "(")
	return t
}

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

func kindOf(t sqllexer.TokenType) kind {
	switch t {
	case sqllexer.SPACE:
		return space
	case sqllexer.COMMENT, sqllexer.MULTILINE_COMMENT:
		return comment
	case sqllexer.STRING, sqllexer.INCOMPLETE_STRING, sqllexer.NUMBER,
		sqllexer.DOLLAR_QUOTED_STRING, sqllexer.DOLLAR_QUOTED_FUNCTION:
		return literal
	case sqllexer.BOOLEAN:
		return boolean
	case sqllexer.QUOTED_IDENT:
		return quoted
	case sqllexer.POSITIONAL_PARAMETER, sqllexer.BIND_PARAMETER:
		return param
	case sqllexer.OPERATOR, sqllexer.WILDCARD, sqllexer.PUNCTUATION, sqllexer.JSON_OP, sqllexer.UNKNOWN:
		return symbol
	default:
		return word
	}
}

// overrun returns how much of t is one token: the lexer reads on past the
// beginning of quotes and comments that follow a name or an operator directly.
func (s *scanner) overrun(t *sqllexer.Token) int {
	n := len(t.Value)
	switch t.Type {
	case sqllexer.OPERATOR, sqllexer.JSON_OP, sqllexer.WILDCARD:
		for i := 1; i < n; i++ {
			if _, opens := s.dialect.opening(t.Value, i); opens > 0 || strings.HasPrefix(t.Value[i:], "--") || strings.HasPrefix(t.Value[i:], "/*") {
				return i
			}
		}
	case sqllexer.NUMBER:
		if last := t.Value[n-1]; n > 1 && (last == '-' || last == '+') {
			return n - 1 // not an exponent, but what may begin a comment
		}
	case sqllexer.STRING, sqllexer.INCOMPLETE_STRING, sqllexer.SPACE, sqllexer.COMMENT, sqllexer.MULTILINE_COMMENT, sqllexer.QUOTED_IDENT,
		sqllexer.DOLLAR_QUOTED_STRING, sqllexer.DOLLAR_QUOTED_FUNCTION:
		return n
	default:
		if i := strings.IndexAny(t.Value, "\"?/!"); i > 0 {
			n = i
		}
		if i := strings.Index(t.Value[:n], ".$"); i >= 0 {
			n = i + 1
		}
		if i := strings.IndexAny(t.Value[1:n], dialects[s.dialect].separators); i >= 0 {
			n = i + 1
		}
	}
	return n
}
