package dsn

import (
	"strings"

	"github.com/nais/spor/internal/db"
)

// fromKeyValues reads the keywords and values that libpq defines, for example host=db
// port=5432 dbname='my app' password=secret.
func fromKeyValues(t db.Target, dsn string) db.Target {
	values := map[string]string{}
	for rest := strings.TrimSpace(dsn); rest != ""; {
		key, after, found := strings.Cut(rest, "=")
		key = strings.TrimSpace(key)
		if !found || !isKeyword(key) {
			return t
		}
		value, next, ok := cutValue(strings.TrimLeft(after, spaces))
		if !ok {
			return t
		}
		values[key] = value
		rest = strings.TrimLeft(next, spaces)
	}
	return t.At(first(values["host"], values["hostaddr"]), values["port"], first(values["dbname"], values["database"]))
}

const spaces = " \t\r\n\v\f"

func isKeyword(text string) bool {
	for i := range len(text) {
		if c := text[i]; c != '_' && c != '.' && (c < 'a' || c > 'z') {
			return false
		}
	}
	return text != ""
}

// cutValue splits text after the first value, which may be quoted. It returns this value
// and the rest of text. If a quoted value has no closing quote or is directly followed by
// other text, ok is false.
func cutValue(text string) (value, rest string, ok bool) {
	inQuotes := strings.HasPrefix(text, "'")
	if inQuotes {
		text = text[1:]
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case inQuotes && c == '\'':
			rest = text[i+1:]
			return b.String(), rest, rest == "" || strings.IndexByte(spaces, rest[0]) >= 0
		case !inQuotes && strings.IndexByte(spaces, c) >= 0:
			return b.String(), text[i:], true
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), "", !inQuotes
}
