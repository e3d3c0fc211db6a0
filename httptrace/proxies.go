package httptrace

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/nais/spor/internal/errinfo"
)

// origin contains the client's address and the scheme that the client used. Each of them is "" if it
// is unknown.
type origin struct{ client, scheme string }

type trustedProxies []netip.Prefix

// originOf returns the origin of r. If no trusted proxy reports a part of the origin, this part comes
// from the connection.
func (p trustedProxies) originOf(r *http.Request) origin {
	o := p.forwarded(r)
	if o.client == "" {
		host, _ := hostPort(r.RemoteAddr)
		o.client = errinfo.Cut(host)
	}
	switch {
	case o.scheme != "":
	case r.TLS != nil:
		o.scheme = "https"
	default:
		o.scheme = "http"
	}
	return o
}

// forwarded returns the origin in the headers of r. If r does not come from a trusted proxy, the
// origin is empty.
func (p trustedProxies) forwarded(r *http.Request) origin {
	if len(p) == 0 {
		return origin{}
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !p.trusts(peer.Addr()) {
		return origin{}
	}
	if hops := r.Header["X-Forwarded-For"]; hops != nil {
		return p.reported(list(hops), list(r.Header["X-Forwarded-Proto"]))
	}
	if elements := r.Header["Forwarded"]; elements != nil {
		return p.reported(elementsOf(list(elements)))
	}
	return p.reported(nil, list(r.Header["X-Forwarded-Proto"]))
}

func (p trustedProxies) trusts(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// reported returns the address and the scheme of the client.
//
// hops is the list of addresses that a trusted proxy sent. Each proxy appends the address from
// which it got the request. Therefore the client's address is the last address in hops that is
// not a trusted proxy. Addresses before that address are not reliable, because the client itself
// may have sent them.
//
// Each proxy may also append a scheme to schemes. The client's scheme is the scheme that the
// first trusted proxy appended.
func (p trustedProxies) reported(hops, schemes []string) origin {
	var o origin
	trusted := 1
	for _, hop := range slices.Backward(hops) {
		addr, ok := address(hop)
		if !ok {
			break
		}
		o.client = addr.String()
		if !p.trusts(addr) {
			break
		}
		trusted++
	}
	if n := len(schemes); n > 0 {
		switch scheme := strings.ToLower(schemes[max(0, n-trusted)]); scheme {
		case "http", "https":
			o.scheme = scheme
		}
	}
	return o
}

// list splits a header whose values are lists, and returns all members of the lists. values has
// one element per line of the header.
func list(values []string) []string {
	var members []string
	for _, value := range values {
		for member := range strings.SplitSeq(value, ",") {
			members = append(members, strings.TrimSpace(member))
		}
	}
	return members
}

// elementsOf returns the parameters "for" and "proto" of each element in a Forwarded header.
func elementsOf(elements []string) (hops, schemes []string) {
	for _, element := range elements {
		var hop, scheme string
		for pair := range strings.SplitSeq(element, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			value = strings.Trim(value, `"`)
			switch strings.ToLower(name) {
			case "for":
				hop = value
			case "proto":
				scheme = value
			}
		}
		hops, schemes = append(hops, hop), append(schemes, scheme)
	}
	return hops, schemes
}

// address returns the IP address in hop. hop may also contain a port.
func address(hop string) (netip.Addr, bool) {
	if withPort, err := netip.ParseAddrPort(hop); err == nil {
		return withPort.Addr().Unmap().WithZone(""), true
	}
	hop = strings.TrimSuffix(strings.TrimPrefix(hop, "["), "]")
	addr, err := netip.ParseAddr(hop)
	return addr.Unmap().WithZone(""), err == nil
}
