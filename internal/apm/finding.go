package apm

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/nais/spor/internal/dialect"
)

var (
	uuid       = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	longDigits = regexp.MustCompile(`[0-9]{6,}`)
)

// nameTrouble says what is wrong with the name of a span, "" for nothing.
func (s *service) nameTrouble(one *span) string {
	name := one.GetName()
	_, path, _ := strings.Cut(name, " ")
	switch {
	case uuid.MatchString(name):
		return "holds a UUID"
	case longDigits.MatchString(name):
		return "holds six or more digits"
	case isHTTP(one) && strings.Contains(path, "?"):
		return "holds a query"
	case isHTTP(one) && strings.HasPrefix(path, "/") && path == rawPath(one) && !s.knowsRoutes(one):
		return "is a raw path"
	}
	return ""
}

// knowsRoutes reports whether the path in the name of a span is a route that looks
// like a path: it says so, or spans that were made by the same instrumentation are
// named after templates.
func (s *service) knowsRoutes(one *span) bool {
	return one.has("http.route", "url.template") || !unmatched(one) && s.any(func(other *span) bool {
		return other.scope == one.scope && other.GetKind() == one.GetKind() && strings.ContainsAny(other.GetName(), "{:*")
	})
}

// rawPath is the path that was asked for.
func rawPath(s *span) string {
	if full := s.first("url.full", "http.url"); full != "" {
		_, rest, _ := strings.Cut(full, "://")
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			full, _, _ = strings.Cut(rest[i:], "?")
			return full
		}
	}
	path, _, _ := strings.Cut(s.first("url.path", "http.target"), "?")
	return path
}

// findings are what is wrong with the telemetry as such.
func (s *service) findings() []Finding {
	found := s.texts.findings()
	found = append(found, s.nameFindings()...)
	found = append(found, s.nodeFindings()...)
	for stable, older := range dialect.All {
		n := 0
		for _, one := range s.spans {
			if one.has(stable) && !one.has(older) {
				n++
			}
		}
		if n > 0 {
			found = append(found, Finding{LegacyKey, older + " beside " + stable, n, cureDialect})
		}
	}
	return found
}

func (s *service) nameFindings() []Finding {
	counts := map[Finding]int{}
	for _, one := range s.spans {
		if trouble := s.nameTrouble(one); trouble != "" {
			counts[Finding{Kind: SpanName, Place: nameOf(one) + " " + trouble, Cure: cureNames}]++
		}
	}
	return sortedFindings(counts)
}

// nodeFindings are databases that are called like a service, and so have no node of
// their own.
func (s *service) nodeFindings() []Finding {
	counts := map[Finding]int{}
	for _, one := range s.pick(func(one *span) bool { return one.is(client) && one.has("db.name", "db.system") }) {
		if key, name := databaseNode(one); slices.Contains(s.names, name) {
			place := key + " of " + nameOf(one) + " is the name of a service: " + name
			counts[Finding{Kind: NodeName, Place: place, Cure: cureNode}]++
		}
	}
	return sortedFindings(counts)
}

func sortedFindings(counts map[Finding]int) []Finding {
	found := make([]Finding, 0, len(counts))
	for f, n := range counts {
		f.Count = n
		found = append(found, f)
	}
	slices.SortFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Place, b.Place))
	})
	return found
}
