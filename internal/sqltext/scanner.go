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
	quoted    // an identifier
	ambiguous // an identifier or a literal
	param
	symbol
	unreadable
	continuation // a further part of the literal before it
)

type token struct {
	kind    kind
	text    string
	keyword keyword // the keyword of a word
	upper   string  // the keyword in upper case
	gap     bool    // there is a space or a comment before the token
	call    bool    // the token is a word, and an opening parenthesis follows it directly
	secret  bool    // the token must not be recorded, whatever its kind is
}

// scanner splits SQL into tokens. It uses a lexer. If the lexer cannot read a quote or a
// comment, or reads it in a different way than the dialect, the scanner itself reads the
// quote or comment.
type scanner struct {
	dialect Dialect
	text    string
	pos     int
	lexer   *sqllexer.Lexer // the lexer at position pos; nil if the next scan must make one
	limit   int             // end of the text that the lexer got
	window  int             // length of the text that the lexer got; 0 for the rest of the text

	inserts, creates bool // inserts: INSERT was read; creates: CREATE was read
	foreign          bool // the rest of the text is not SQL
	commented        bool // a comment was read
}

// smallWindow is the length of the text that a new lexer gets if the previous lexer was
// discarded. The length is small for two reasons: lexers may be discarded often, and each
// lexer reads all the text that it gets.
const smallWindow = 64

// token returns the next token that is neither a space nor a comment.
func (s *scanner) token() token {
	gap := false
	t := s.next()
	for t.kind == space || t.kind == comment {
		s.commented = s.commented || t.kind == comment
		gap = true
		t = s.next()
	}
	t.gap = gap
	if t.kind == word {
		t.keyword, t.upper = lookup(t.text)
	}
	return t
}

// next returns the next token. At the end of the text, this is an empty token of the kind
// end.
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
		s.checkForeign(next.text)
	}
	return next
}

// skip moves the lexer forward by n bytes, which the scanner itself has read. The lexer can
// only be moved if it reads a literal of the same length. Otherwise skip discards the
// lexer.
func (s *scanner) skip(k kind, n int) {
	begin := s.text[s.pos]
	known := k == literal && (begin == '\'' || begin == '$' && dialects[s.dialect].heredoc)
	if s.lexer != nil && (!known || s.pos+n >= s.limit || len(s.lexer.Scan().Value) != n) {
		s.lexer = nil
	}
}

// checkForeign sets s.foreign if the rest of the text is data or code of another language.
// The parameter name is the word that was just read.
func (s *scanner) checkForeign(name string) {
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

// languages contains words. In a CREATE statement, the text after one of these words may be
// code of another language.
var languages = []string{"JAVA", "JAVASCRIPT", "LANGUAGE", "MLE", "SCRIPT"}

// scan returns the next token t of the lexer. n is the length of the part of t that really
// is one token. A token at the end of the lexer's text may be incomplete. Then scan makes a
// new lexer that gets more text.
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

// longestAhead is the maximum number of bytes that the lexer reads after a token.
const longestAhead = 4

func (s *scanner) take(k kind, n int) token {
	t := token{kind: k, text: s.text[s.pos : s.pos+n]}
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

// overrun returns the length of the part of t that really is one token. This is necessary
// because the lexer does not stop at quotes and comments that directly follow a name or an
// operator.
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
			return n - 1 // the sign is not part of an exponent, and may begin a comment
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
		if i := fraction(t.Value[:n]); i > 0 {
			n = i
		}
		if i := strings.IndexAny(t.Value[1:n], dialects[s.dialect].separators); i >= 0 {
			n = i + 1
		}
	}
	return n
}

// fraction returns the position of the first dot in text that may begin a number, as in a..12. If
// there is none, fraction returns -1.
func fraction(text string) int {
	for i := 0; i+1 < len(text); i++ {
		if text[i] == '.' && isDigit(text[i+1]) {
			return i
		}
	}
	return -1
}
