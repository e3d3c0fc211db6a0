package environ

import (
	"net/url"
	"strconv"
	"strings"
)

// Peers is what NAIS puts on 127.0.0.1 beside the program.
type Peers struct {
	Sidecars map[int64]string // names by port
	Database string           // the only one that the environment names
}

// NodeName returns the name of the node.
func NodeName(name, kind string) string { return name + "@" + kind }

// sidecarVariables hold the addresses of the platform's sidecars.
var sidecarVariables = map[string]string{
	"NAIS_TOKEN_ENDPOINT":               "texas",
	"NAIS_TOKEN_EXCHANGE_ENDPOINT":      "texas",
	"NAIS_TOKEN_INTROSPECTION_ENDPOINT": "texas",
	"ELECTOR_GET_URL":                   "elector",
	"ELECTOR_SSE_URL":                   "elector",
}

// readPeers reads the names of variables too, since those of a database hold the
// database's name.
func readPeers(env *Environment) Peers {
	p := Peers{Sidecars: map[int64]string{}}
	for variable, name := range sidecarVariables {
		if u, err := url.Parse(env.Text(variable)); err == nil && IsLocal(u.Hostname()) {
			p.Sidecars[portOf(u)] = NodeName(name, "sidecar")
		}
	}
	names := map[string]bool{}
	for _, pair := range env.All() {
		key, value, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(key, "NAIS_DATABASE_") && strings.HasSuffix(key, "_DATABASE") && value != "" {
			names[value] = true
			p.Database = value
		}
	}
	if len(names) > 1 {
		p.Database = ""
	}
	return p
}

func portOf(u *url.URL) int64 {
	if port, err := strconv.ParseInt(u.Port(), 10, 32); err == nil {
		return port
	}
	if u.Scheme == "https" {
		return 443
	}
	return 80
}

// IsLocal reports whether host is the machine itself.
func IsLocal(host string) bool {
	return host == "127.0.0.1" || host == "localhost" || host == "::1"
}
