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

// The constant other replaces the name of a method that the server does not have. A caller can
// send any number of such names.
const other = "_OTHER"

// method contains the data that is the same for all calls of one method.
type method struct {
	name      string // the span name
	attribute string // the value of rpc.method
	endpoint  endpoint

	attributes  []attribute.KeyValue
	start, bare []trace.SpanStartOption // with the attributes and without them
}

// methodOf returns the method with the name fullMethod, such as /pkg.Service/Method.
func (c *config) methodOf(fullMethod string, kind trace.SpanKind, e endpoint) *method {
	name := strings.TrimPrefix(fullMethod, "/")
	m := &method{name: name, attribute: name, endpoint: e}
	m.attributes = e.appendTo(append([]attribute.KeyValue{semconv.RPCSystemNameGRPC, semconv.RPCMethod(name)}, c.attributes...))
	m.bare = []trace.SpanStartOption{trace.WithSpanKind(kind)}
	m.start = append(m.bare, trace.WithAttributes(m.attributes...))
	return m
}

// otherMethod returns the method data for a call if the server does not have the called method.
// The name follows https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/#name.
func (c *config) otherMethod(fullMethod string) *method {
	m := c.methodOf(other, trace.SpanKindServer, endpoint{})
	m.name = semconv.RPCSystemNameGRPC.Value.AsString()
	m.attributes = append(m.attributes, originalOf(fullMethod))
	m.start = append(m.start, trace.WithAttributes(originalOf(fullMethod)))
	return m
}

// originalOf returns the attribute that contains the method name as the caller sent it.
func originalOf(fullMethod string) attribute.KeyValue {
	return semconv.RPCMethodOriginal(errinfo.Cut(strings.TrimPrefix(fullMethod, "/")))
}

// methods is the list of the methods that a server has. If NewServer created the server, these are
// the registered methods. Otherwise they are the methods that servers with the same options have
// already served.
type methods struct {
	config *config

	server *grpc.Server // nil if NewServer did not create the server

	mu    sync.Mutex                         // must be held to change known
	known atomic.Pointer[map[string]*method] // nil until the first call
}

// bind sets the server. It is called before the server starts to serve.
func (m *methods) bind(server *grpc.Server) { m.server = server }

// bound reports whether NewServer created the server, so that all methods of the server are
// known.
func (m *methods) bound() bool { return m.server != nil }

// find returns the method with this name. It returns nil if the server does not have the method,
// or if it is not yet known whether the server has it.
func (m *methods) find(fullMethod string) *method {
	known := m.known.Load()
	if known == nil {
		known = m.gather()
	}
	return (*known)[fullMethod]
}

// gather reads the registered methods from the server. It runs during the first call. At that
// time, no more methods can be registered.
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
