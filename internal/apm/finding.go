package apm

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/nais/spor/internal/dialect"
	"github.com/nais/spor/internal/stock"
)

var (
	uuid       = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	numbered   = regexp.MustCompile(`/[0-9]+(/|$)`)
	longDigits = regexp.MustCompile(`[0-9]{6,}`)
)

// nameTrouble returns what is wrong with the name of a span, or "" if the name is good.
func (s *service) nameTrouble(one *span) string {
	name := one.GetName()
	_, path, _ := strings.Cut(name, " ")
	switch {
	case uuid.MatchString(name):
		return "contains a UUID"
	case longDigits.MatchString(name):
		return "contains six or more digits"
	case isHTTP(one) && strings.Contains(path, "?"):
		return "contains a query"
	case isHTTP(one) && strings.HasPrefix(path, "/") && path == rawPath(one) && !s.knowsRoutes(one):
		return "is a raw path"
	}
	return ""
}

// knowsRoutes reports whether the path in the name of a span is a route. Some routes, such as
// /users, look like a raw path. The path is a route in three cases:
//   - The span has an attribute with a route.
//   - The library names spans after routes, and no part of the path is a number.
//   - Other spans of the same instrumentation scope and kind are named after route templates.
//
// The last two cases do not count for a request that matched no route.
func (s *service) knowsRoutes(one *span) bool {
	switch {
	case one.has("http.route", "url.template"):
		return true
	case unmatched(one):
		return false
	case isServer(one) && stock.NamesRoutes(one.scope) && !numbered.MatchString(one.GetName()):
		return true
	}
	return s.any(func(other *span) bool {
		return other.scope == one.scope && other.GetKind() == one.GetKind() && strings.ContainsAny(other.GetName(), "{:*")
	})
}

// rawPath returns the path of the request for span s, without the query.
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

func (s *service) findings() []Finding {
	found := s.texts.findings()
	found = append(found, s.nameFindings()...)
	found = append(found, s.nodeFindings()...)
	for stable, older := range dialect.All {
		n := 0
		for i, one := range s.spans {
			if one.has(stable) && !one.has(older) && s.underSetup().spans[i].has(older) {
				n++
			}
		}
		if n > 0 {
			found = append(found, Finding{MissingName, older + ", the older name of " + stable, n, cureDialect})
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

// nodeFindings returns a finding for each database that has the same name as a service. The
// service map shows such a database and the service as one node.
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
