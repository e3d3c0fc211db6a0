package environ

import (
	"errors"
	"net/url"
	"strings"
)

// parseHeader parses one key=value pair of OTEL_EXPORTER_OTLP_HEADERS. The errors of
// parseHeader never contain the value, because the value may be a token.
func parseHeader(pair string) (key, value string, err error) {
	key, value, found := strings.Cut(pair, "=")
	if !found {
		return "", "", errors.New("has no = (want key=value)")
	}
	key = strings.ToLower(strings.TrimSpace(key))
	if !validHeaderName(key) {
		return "", "", errors.New("has a bad header name (want letters, digits, '-', '_' and '.')")
	}
	value, err = url.PathUnescape(strings.TrimSpace(value))
	if err != nil {
		return "", "", errors.New("named " + key + " has a bad percent-encoding (write a percent sign as %25)")
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", "", errors.New("named " + key + " contains characters that are not allowed in a header")
	}
	return key, value, nil
}

func validHeaderName(key string) bool {
	if key == "" || strings.HasPrefix(key, "grpc-") {
		return false
	}
	for _, c := range []byte(key) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}
