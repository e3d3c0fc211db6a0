// Package healthcheck recognises the requests of health checks and scrapers. The platform
// drops the spans of such requests. The package has lists of paths and services that are
// used only by such requests.
package healthcheck

import (
	"net/http"
	"strings"
)

// HTTP reports whether a request with this method and path is a health check, a scrape or a
// similar request.
func HTTP(method, path string) bool {
	switch method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost: // a gRPC method of a server of Connect
		return RPC(path)
	default:
		return false
	}
	path = strings.TrimSuffix(path, "/")
	last := path[strings.LastIndexByte(path, '/')+1:]
	for _, name := range [...]string{"isalive", "isready", "prometheus", "metrics", "favicon.ico"} {
		if strings.EqualFold(last, name) {
			return true
		}
	}
	return hasSuffix(last, "is_alive") || hasSuffix(last, "is_ready") || below(path)
}

// hasSuffix does the same as strings.HasSuffix, but ignores the case of letters.
func hasSuffix(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}

// hasPrefix does the same as strings.HasPrefix, but ignores the case of letters.
func hasPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// below reports whether path is in a directory that only health checks use.
func below(path string) bool {
	for i := strings.IndexByte(path, '/'); i >= 0; {
		path = path[i+1:]
		if hasPrefix(path, "actuator/") {
			return true
		}
		if hasPrefix(path, "internal/") {
			for _, name := range [...]string{"health", "status", "alive", "ready"} {
				if hasPrefix(path[len("internal/"):], name) {
					return true
				}
			}
		}
		i = strings.IndexByte(path, '/')
	}
	return false
}

// RPC reports whether method is a gRPC method that only health checks and tools call. The
// method may begin with a slash. A service name without a method is also accepted.
func RPC(method string) bool {
	service, _, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	switch service {
	case "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection":
		return true
	}
	return false
}
