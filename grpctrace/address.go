package grpctrace

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"google.golang.org/grpc"
)

// endpoint is the address and the port in a client's target, before gRPC resolves the name. On the
// server side, the endpoint is always empty.
type endpoint struct {
	address string
	port    int // 0 if the target has no port
}

// endpointOf returns the endpoint in the target of cc. For the syntax of targets, see
// https://github.com/grpc/grpc/blob/master/doc/naming.md.
func endpointOf(cc *grpc.ClientConn) endpoint {
	target := cc.Target()
	if !strings.HasPrefix(target, "unix:") && !strings.HasPrefix(target, "unix-abstract:") {
		// CanonicalTarget has the form scheme://authority/endpoint. It is not used for Unix
		// sockets, because it would change a relative path to an absolute path.
		target = cc.CanonicalTarget()
	}
	return parseTarget(target)
}

func parseTarget(target string) endpoint {
	u, err := url.Parse(target)
	if err != nil {
		return endpoint{address: target}
	}
	name := u.Path
	if name == "" {
		name = u.Opaque
	}
	if u.Scheme == "unix" || u.Scheme == "unix-abstract" {
		return endpoint{address: name}
	}
	name = strings.TrimPrefix(name, "/")
	if host, port, err := net.SplitHostPort(name); err == nil {
		if host == "" { // gRPC connects to this machine
			host = "localhost"
		}
		if n, err := strconv.ParseUint(port, 10, 16); err == nil {
			return endpoint{address: host, port: int(n)}
		}
		return endpoint{address: host}
	}
	e := endpoint{address: strings.Trim(name, "[]")}
	if u.Scheme == "dns" {
		e.port = 443 // gRPC's default port
	}
	return e
}

func (e endpoint) appendTo(attrs []attribute.KeyValue) []attribute.KeyValue {
	if e.address != "" {
		attrs = append(attrs, semconv.ServerAddress(e.address))
	}
	if e.port != 0 {
		attrs = append(attrs, semconv.ServerPort(e.port))
	}
	return attrs
}

func peerOf(addr net.Addr) []attribute.KeyValue {
	if host, port, ok := split(addr); ok {
		return withPort(semconv.NetworkPeerAddress(host), semconv.NetworkPeerPort, port)
	}
	return nil
}

func localOf(addr net.Addr) []attribute.KeyValue {
	if host, port, ok := split(addr); ok {
		return withPort(semconv.ServerAddress(host), semconv.ServerPort, port)
	}
	return nil
}

func withPort(address attribute.KeyValue, portOf func(int) attribute.KeyValue, port int) []attribute.KeyValue {
	if port == 0 {
		return []attribute.KeyValue{address}
	}
	return []attribute.KeyValue{address, portOf(port)}
}

// split returns the IP address and the port of addr. For a Unix socket, it returns the path. For
// any other address, such as the address of a connection in memory, ok is false.
func split(addr net.Addr) (host string, port int, ok bool) {
	if addr == nil {
		return "", 0, false
	}
	if ap, err := netip.ParseAddrPort(addr.String()); err == nil {
		return ap.Addr().Unmap().String(), int(ap.Port()), true
	}
	if unix, is := addr.(*net.UnixAddr); is && unix.Name != "" {
		return unix.Name, 0, true
	}
	return "", 0, false
}
