package dbconf

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// A Target is a database, as far as it is known. It never holds anything of a
// user, a password or another parameter.
type Target struct {
	System    string // a value of db.system.name
	Address   string // a host, or the path of a socket
	Port      int
	Namespace string
}

// PostgreSQL returns the database that a client says it connects to. Of a host,
// which may be the path of a socket, or a name that does not look like one, nothing
// is taken: a client may have read a password for it.
func PostgreSQL(host string, port uint16, namespace string) Target {
	number := ""
	if !strings.HasPrefix(host, "/") {
		number = strconv.Itoa(int(port))
	}
	return Target{System: "postgresql"}.at(host, number, namespace)
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
	system := semconv.DBSystemNameOtherSQL
	if t.System != "" {
		system = semconv.DBSystemNameKey.String(t.System)
	}
	attrs := []attribute.KeyValue{system}
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

// at returns t with an address, a port and a namespace of which only those are
// taken in that look like one. When one looks like something else the whole was
// not what it seemed, and nothing is.
func (t Target) at(address, port, namespace string) Target {
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
