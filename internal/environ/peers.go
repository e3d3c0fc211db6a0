package environ

import (
	"net/url"
	"strconv"
	"strings"
)

// Peers are the sidecars and the database that NAIS makes available to the program on
// 127.0.0.1, inside the program's pod.
type Peers struct {
	Sidecars map[int64]string // names of the sidecars, by port
	// Database is the name of the database. It is "" if the environment contains no name,
	// or several names.
	Database string
}

// NodeName returns the value of peer.service for a peer, such as texas@sidecar or
// orders@postgresql.
func NodeName(name, kind string) string { return name + "@" + kind }

var sidecarVariables = map[string]string{
	"NAIS_TOKEN_ENDPOINT":               "texas",
	"NAIS_TOKEN_EXCHANGE_ENDPOINT":      "texas",
	"NAIS_TOKEN_INTROSPECTION_ENDPOINT": "texas",
	"ELECTOR_GET_URL":                   "elector",
	"ELECTOR_SSE_URL":                   "elector",
}

// readPeers reads the sidecars and the database. It looks at all variables, because the
// name of a database is part of the names of the variables for this database.
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

// IsLocal reports whether host is a name or an address of this machine.
func IsLocal(host string) bool {
	return host == "127.0.0.1" || host == "localhost" || host == "::1"
}
