package export

import (
	"cmp"
	"regexp"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/cache"
	"github.com/nais/spor/internal/dialect"
	"github.com/nais/spor/internal/environ"
)

// peerServiceKey is the attribute that names the other end of a client span. To find this
// name, Tempo's service graph reads peer.service before all other attributes.
const peerServiceKey attribute.Key = "peer.service"

// These are the older names of three attributes that describe the other end of a client span.
// Some instrumentations still use the older names.
var (
	olderNamespace, _ = dialect.Older(string(semconv.DBNamespaceKey))
	olderSystem, _    = dialect.Older(string(semconv.DBSystemNameKey))
	olderMethod, _    = dialect.Older(string(semconv.HTTPRequestMethodKey))
)

// peers finds names for the servers that NAIS runs next to the program on 127.0.0.1, and for
// Google's APIs. The servers on 127.0.0.1 are the proxy for the program's Cloud SQL database, and
// the platform's sidecars. Without these names, the databases of all applications would be one
// node in the service map, because they all have the same address.
//
// Each name has the form NAME@KIND, such as orders@postgresql, texas@sidecar and
// storage@googleapis. An
// application cannot have such a name, because the name of an application must be a DNS
// label. Without the separator, a database could have the same name as an application, and
// both would be the same node. Nais APM accepts "@" in the name of a node. Other separators
// do not work: Nais APM cuts names at ":", and its own URLs use "/" as a separator.
type peers struct {
	environ.Peers
	names cache.Map[databaseKey, string]
}

type databaseKey struct{ name, system string }

// peers.of returns the value of peer.service that must be added to span. It returns "" if
// span already has peer.service, or if the address of the other end is enough to identify
// the other end.
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
	case named != "":
		return named
	case !environ.IsLocal(host):
		return p.googleAPI(host)
	case isDatabase:
		return p.databaseNode(cmp.Or(database, p.Database), system)
	case isHTTP:
		return p.sidecar(port)
	}
	return ""
}

// googleAPI returns the name of the node for one of Google's APIs. It returns "" for any other host.
// The host may have a region, as in europe-north1-pubsub.googleapis.com and
// storage.europe-north1.rep.googleapis.com.
func (p *peers) googleAPI(host string) string {
	const domain = ".googleapis.com"
	if !strings.HasSuffix(host, domain) {
		return ""
	}
	return p.names.Get(databaseKey{host, domain}, func(databaseKey) string {
		api, _, _ := strings.Cut(host, ".")
		if i := strings.LastIndexByte(api, '-'); i > 0 && region.MatchString(api[:i]) {
			api = api[i+1:]
		}
		return environ.NodeName(api, "googleapis")
	})
}

// region matches the name of a region of Google Cloud, or of a part of the world with regions.
var region = regexp.MustCompile(`^([a-z]+-[a-z]+[0-9]+|us|eu)$`)

// databaseNode returns the name of the node for a database, or "" if the name of the
// database is not known. databaseNode is called for each span of a database client, so it
// caches its results.
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
