package httptrace

import (
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/otelutil"
	"github.com/nais/spor/internal/privacy"
)

type header struct {
	name   string // the name of the header in canonical form
	key    attribute.Key
	secret bool
}

func appendHeaders(headers []header, prefix string, names []string) []header {
	for _, name := range names {
		name = http.CanonicalHeaderKey(name)
		headers = append(headers, header{
			name:   name,
			key:    attribute.Key(prefix + strings.ToLower(name)),
			secret: isSecret(name),
		})
	}
	return headers
}

// isSecret reports whether the header with this name contains credentials. name must be in
// canonical form.
func isSecret(name string) bool {
	switch name {
	case "Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "X-Auth-Token", "X-Csrf-Token":
		return true
	}
	return false
}

// addHeaders adds attributes for those headers that are in h.
func addHeaders(attrs *otelutil.AttributeList, headers []header, h http.Header) {
	for _, header := range headers {
		values := h[header.name]
		if len(values) == 0 {
			continue
		}
		texts := make([]string, len(values))
		for i, value := range values {
			texts[i] = errinfo.Cut(value)
			if header.secret {
				texts[i] = privacy.Redacted
			}
		}
		attrs.Add(header.key.StringSlice(texts))
	}
}
