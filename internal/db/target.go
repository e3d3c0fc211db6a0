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

// A Target contains the known parts of the address of a database. It never contains a user,
// a password or any other parameter.
type Target struct {
	System    string // the value of db.system.name
	Address   string // a host, or the path of a socket
	Port      int
	Namespace string
}

// String returns the address, the port and the database, such as db:5432/shop. Unknown
// parts are left out.
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

// attributes returns the attributes of t. The first attribute is always the system.
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

// At returns a copy of t with this address, port and namespace. The address is a host or
// the path of a socket. Each argument may be "". If an argument is not valid, At returns t
// unchanged, because the argument may contain a part of a password.
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

// isAddress reports whether text is a host name, an IP address or the path of a socket.
func isAddress(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	return isName(strings.ReplaceAll(text, "/", "")) && (!strings.Contains(text, "/") || text[0] == '/')
}

// isName reports whether text is a valid name. A valid name has 1 to 255 bytes and consists
// of letters, digits, hyphens, underscores and periods.
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
