package httptrace

import (
	"net"
	"strconv"
	"strings"
)

// hostPort splits a network address. The host has no brackets. If address contains no port, or if
// the port is not a number, the port is 0. If address is not valid, the host is "".
func hostPort(address string) (host string, port int) {
	if !strings.Contains(address, ":") {
		return address, 0
	}
	if strings.HasPrefix(address, "[") && strings.HasSuffix(address, "]") {
		return address[1 : len(address)-1], 0
	}
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0
	}
	number, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return host, 0
	}
	return host, int(number)
}

// defaultPort returns the port that is used if a URL contains no port.
func defaultPort(https bool) int {
	if https {
		return 443
	}
	return 80
}
