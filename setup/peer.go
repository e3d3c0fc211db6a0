package setup

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/cache"
)

// peerServiceKey is what Tempo's service graph reads first for the other end of
// a client span.
const peerServiceKey attribute.Key = "peer.service"

// peers names what NAIS puts on 127.0.0.1 beside the program: the proxy of its
// Cloud SQL database and the platform's sidecars. Without a name every
// application's database is one node of the service map.
//
// Each name has the form NAME@KIND, as orders@postgresql and texas@sidecar. It is
// no DNS label, so no application has it: a database that is called like an
// application would otherwise disappear in the application's node. Nais APM takes
// "@" in the name of a node, cuts names at ":", and takes "/" for the next part
// of its own address.
type peers struct {
	sidecars map[int64]string // by port
	database string           // the only one that the environment names
	names    *cache.Map[databaseKey, string]
}

type databaseKey struct{ name, system string }

// nodeName returns the name of the node.
func nodeName(name, kind string) string { return name + "@" + kind }

// sidecarVariables hold the addresses of the platform's sidecars.
var sidecarVariables = map[string]string{
	"NAIS_TOKEN_ENDPOINT":               "texas",
	"NAIS_TOKEN_EXCHANGE_ENDPOINT":      "texas",
	"NAIS_TOKEN_INTROSPECTION_ENDPOINT": "texas",
	"ELECTOR_GET_URL":                   "elector",
	"ELECTOR_SSE_URL":                   "elector",
}

// readPeers takes the environment as a list too, since the names of database
// variables hold the database's name.
func readPeers(env *environment, all []string) peers {
	p := peers{sidecars: map[int64]string{}, names: new(cache.Map[databaseKey, string])}
	for variable, name := range sidecarVariables {
		if u, err := url.Parse(env.text(variable)); err == nil && isLocal(u.Hostname()) {
			p.sidecars[portOf(u)] = nodeName(name, "sidecar")
		}
	}
	names := map[string]bool{}
	for _, pair := range all {
		key, value, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(key, "NAIS_DATABASE_") && strings.HasSuffix(key, "_DATABASE") && value != "" {
			names[value] = true
			p.database = value
		}
	}
	if len(names) > 1 {
		p.database = ""
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

func isLocal(host string) bool {
	return host == "127.0.0.1" || host == "localhost" || host == "::1"
}

// of returns the name of the other end of span, "" when its address is name
// enough or it is named already.
func (p peers) of(span sdktrace.ReadOnlySpan) string {
	if span.SpanKind() != trace.SpanKindClient {
		return ""
	}
	attrs := span.Attributes()
	var host, database, system, named string
	var port int64
	var isDatabase, isHTTP bool
	for i := range attrs {
		switch attrs[i].Key {
		case peerServiceKey:
			return ""
		case semconv.ServicePeerNameKey:
			named = attrs[i].Value.AsString()
		case semconv.ServerAddressKey, "net.peer.name":
			host = attrs[i].Value.AsString()
		case semconv.ServerPortKey, "net.peer.port":
			port = attrs[i].Value.AsInt64()
		case semconv.DBNamespaceKey, "db.name":
			database = attrs[i].Value.AsString()
		case semconv.DBSystemNameKey:
			isDatabase, system = true, attrs[i].Value.AsString()
		case "db.system":
			isDatabase, system = true, cmp.Or(system, attrs[i].Value.AsString())
		case semconv.HTTPRequestMethodKey, "http.method":
			isHTTP = true
		}
	}
	switch {
	case named != "" || !isLocal(host):
		return named
	case isDatabase:
		return p.databaseNode(cmp.Or(database, p.database), system)
	case isHTTP:
		return p.sidecar(port)
	}
	return ""
}

// databaseNode returns the name of a database's node, "" where the name of the
// database is not known. Names are remembered, since this runs for each span.
func (p peers) databaseNode(name, system string) string {
	if name == "" {
		return ""
	}
	build := func(key databaseKey) string { return nodeName(key.name, cmp.Or(key.system, "database")) }
	if p.names == nil {
		return build(databaseKey{name, system})
	}
	return p.names.Get(databaseKey{name, system}, build)
}

func (p peers) sidecar(port int64) string {
	if port == 0 {
		port = 80
	}
	return p.sidecars[port]
}
