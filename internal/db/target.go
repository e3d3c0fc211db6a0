package db

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// A Target is a database, as far as it is known. It never holds a user, a password or
// another parameter.
type Target struct {
	System    string // the value of db.system.name
	Address   string // a host, or the path of a socket
	Port      int
	Namespace string
}

// String returns the address and the database.
func (t Target) String() string {
	name := t.Address
	if name != "" && t.Port != 0 {
		name = net.JoinHostPort(name, strconv.Itoa(t.Port))
	}
	if t.Namespace != "" {
		name = strings.TrimPrefix(name+"/"+t.Namespace, "/")
	}
	return name
}

// attributes returns the system first.
func (t Target) attributes() []attribute.KeyValue {
	attrs := []attribute.KeyValue{semconv.DBSystemNameKey.String(t.System)}
	if t.Namespace != "" {
		attrs = append(attrs, semconv.DBNamespace(t.Namespace))
	}
	if t.Address != "" {
		attrs = append(attrs, semconv.ServerAddress(t.Address))
		if t.Port != 0 {
			attrs = append(attrs, semconv.ServerPort(t.Port))
		}
	}
	return attrs
}

// At returns t with an address (a host or the path of a socket), a port and a
// namespace; each may be "". If one of them does not look like one, At returns t: what
// was read may be part of a password then.
func (t Target) At(address, port, namespace string) Target {
	number, ok := portOf(port)
	if !ok || address != "" && !isAddress(address) || namespace != "" && !isName(namespace) {
		return t
	}
	t.Address, t.Namespace = address, namespace
	if address != "" {
		t.Port = number
	}
	return t
}

func portOf(text string) (port int, ok bool) {
	if text == "" {
		return 0, true
	}
	n, err := strconv.ParseUint(text, 10, 16)
	return int(n), err == nil && n > 0
}

// isAddress reports whether text is a host name, an IP address or the path of a
// socket.
func isAddress(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	return isName(strings.ReplaceAll(text, "/", "")) && (!strings.Contains(text, "/") || text[0] == '/')
}

// isName reports whether text is made of what names are made of.
func isName(text string) bool {
	if text == "" || len(text) > 255 {
		return false
	}
	for _, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_' && r != '.' {
			return false
		}
	}
	return true
}
