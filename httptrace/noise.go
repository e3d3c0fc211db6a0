package httptrace

import (
	"net/http"
	"strings"
)

// noise reports whether r is a health check, a scrape or the like, which the
// platform drops anyway. No path of these holds anything else.
func noise(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	path := strings.TrimSuffix(r.URL.Path, "/")
	last := path[strings.LastIndexByte(path, '/')+1:]
	for _, name := range [...]string{"isalive", "isready", "prometheus", "metrics", "favicon.ico"} {
		if strings.EqualFold(last, name) {
			return true
		}
	}
	return endsIn(last, "is_alive") || endsIn(last, "is_ready") || below(path)
}

func endsIn(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}

func beginsWith(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// below reports whether a directory on the way to path is one that only probes ask for.
func below(path string) bool {
	for i := strings.IndexByte(path, '/'); i >= 0; {
		path = path[i+1:]
		if beginsWith(path, "actuator/") {
			return true
		}
		if beginsWith(path, "internal/") {
			for _, name := range [...]string{"health", "status", "alive", "ready"} {
				if beginsWith(path[len("internal/"):], name) {
					return true
				}
			}
		}
		i = strings.IndexByte(path, '/')
	}
	return false
}
