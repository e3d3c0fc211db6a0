package export

import (
	"cmp"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/cache"
	"github.com/nais/spor/internal/dialect"
	"github.com/nais/spor/internal/environ"
)

// peerServiceKey is what Tempo's service graph reads first for the other end of
// a client span.
const peerServiceKey attribute.Key = "peer.service"

// The older names of attributes that identify the other end, which instrumentations may
// still set.
var (
	olderNamespace, _ = dialect.Older(string(semconv.DBNamespaceKey))
	olderSystem, _    = dialect.Older(string(semconv.DBSystemNameKey))
	olderMethod, _    = dialect.Older(string(semconv.HTTPRequestMethodKey))
)

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
	environ.Peers
	names cache.Map[databaseKey, string]
}

type databaseKey struct{ name, system string }

// of returns the name of the other end of span, "" when its address is name
// enough or it is named already.
func (p *peers) of(span sdktrace.ReadOnlySpan) string {
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
		case semconv.DBNamespaceKey, attribute.Key(olderNamespace):
			database = attrs[i].Value.AsString()
		case semconv.DBSystemNameKey:
			isDatabase, system = true, attrs[i].Value.AsString()
		case attribute.Key(olderSystem):
			isDatabase, system = true, cmp.Or(system, attrs[i].Value.AsString())
		case semconv.HTTPRequestMethodKey, attribute.Key(olderMethod):
			isHTTP = true
		}
	}
	switch {
	case named != "" || !environ.IsLocal(host):
		return named
	case isDatabase:
		return p.databaseNode(cmp.Or(database, p.Database), system)
	case isHTTP:
		return p.sidecar(port)
	}
	return ""
}

// databaseNode returns the name of a database's node, "" where the name of the
// database is not known. Names are remembered, since this runs for each span.
func (p *peers) databaseNode(name, system string) string {
	if name == "" {
		return ""
	}
	return p.names.Get(databaseKey{name, system}, func(key databaseKey) string {
		return environ.NodeName(key.name, cmp.Or(key.system, "database"))
	})
}

func (p *peers) sidecar(port int64) string {
	if port == 0 {
		port = 80
	}
	return p.Sidecars[port]
}
