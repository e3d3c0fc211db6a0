package grpctrace

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"

	"github.com/nais/spor/internal/errinfo"
)

// other stands for methods that a server does not have: there is no end of them.
const other = "_OTHER"

// method is what spans and measurements of the calls of one method share.
type method struct {
	name      string // of spans
	attribute string // rpc.method
	endpoint  endpoint
	start     []trace.SpanStartOption
}

// methodOf returns the method that a full method such as /pkg.Service/Method names.
func (c *config) methodOf(fullMethod string, kind trace.SpanKind, e endpoint) *method {
	name := strings.TrimPrefix(fullMethod, "/")
	m := &method{name: name, attribute: name, endpoint: e}
	attrs := append([]attribute.KeyValue{semconv.RPCSystemNameGRPC, semconv.RPCMethod(name)}, c.attributes...)
	m.start = []trace.SpanStartOption{trace.WithSpanKind(kind), trace.WithAttributes(e.appendTo(attrs)...)}
	return m
}

// otherMethod returns the method that one which a server does not have is taken for.
// https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/#name
func (c *config) otherMethod(fullMethod string) *method {
	m := c.methodOf(other, trace.SpanKindServer, endpoint{})
	m.name = semconv.RPCSystemNameGRPC.Value.AsString()
	m.start = append(m.start, trace.WithAttributes(originalOf(fullMethod)))
	return m
}

// originalOf returns the attribute that keeps the name the caller used.
func originalOf(fullMethod string) attribute.KeyValue {
	return semconv.RPCMethodOriginal(errinfo.Cut(strings.TrimPrefix(fullMethod, "/")))
}

// methods are those that a server has: those registered with it, or, of servers that
// were not made by NewServer, those that were seen to be served.
type methods struct {
	config *config

	server *grpc.Server // made by NewServer, or nil

	mu    sync.Mutex                         // guards changes
	known atomic.Pointer[map[string]*method] // nil until the first call
}

// bind sets the server, before it serves.
func (m *methods) bind(server *grpc.Server) { m.server = server }

// bound reports whether every method of the server is known.
func (m *methods) bound() bool { return m.server != nil }

// find returns a method of the server, nil if it is not known to have it.
func (m *methods) find(fullMethod string) *method {
	known := m.known.Load()
	if known == nil {
		known = m.gather()
	}
	return (*known)[fullMethod]
}

// gather asks the server, which by now is serving, for what it serves.
func (m *methods) gather() *map[string]*method {
	m.mu.Lock()
	defer m.mu.Unlock()
	if known := m.known.Load(); known != nil {
		return known
	}
	known := make(map[string]*method)
	if m.server != nil {
		for service, info := range m.server.GetServiceInfo() {
			for _, served := range info.Methods {
				full := "/" + service + "/" + served.Name
				known[full] = m.config.methodOf(full, trace.SpanKindServer, endpoint{})
			}
		}
	}
	m.known.Store(&known)
	return &known
}

// learn adds a method that was seen to be served.
func (m *methods) learn(fullMethod string) *method {
	if known := m.find(fullMethod); known != nil {
		return known
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	learned := m.config.methodOf(fullMethod, trace.SpanKindServer, endpoint{})
	known := map[string]*method{fullMethod: learned}
	if before := m.known.Load(); before != nil {
		maps.Copy(known, *before)
	}
	m.known.Store(&known)
	return learned
}
