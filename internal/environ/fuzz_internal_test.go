package environ

import (
	"net"
	"strings"
	"testing"
)

func FuzzEndpoint(f *testing.F) {
	for _, seed := range []string{
		"http://collector:4317", "https://[::1]:4317/", "collector:4317", "grpc://x", "http://u:p@h", "http://%zz", "::", "http://[fe80::1%25eth0]:1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		e, err := parseEndpoint(value)
		if err != nil {
			return
		}
		host, port, err := net.SplitHostPort(e.Address)
		if err != nil || host == "" || port == "" {
			t.Errorf("%q: got the address %q", value, e.Address)
		}
		if strings.ContainsAny(host, "/@?# ") {
			t.Errorf("%q: got the host %q", value, host)
		}
	})
}

func FuzzHeader(f *testing.F) {
	for _, seed := range []string{"authorization=Bearer%20x", "a=b=c", "=x", "x", "k=%zz", "grpc-x=1", "é=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, pair string) {
		key, value, err := parseHeader(pair)
		if err != nil {
			if _, secret, found := strings.Cut(pair, "="); found && len(secret) > 8 && strings.Contains(err.Error(), secret) {
				t.Errorf("the error repeats the value: %v", err)
			}
			return
		}
		if key == "" || strings.ContainsAny(key+value, "\r\n\x00") {
			t.Errorf("%q: got %q, %q", pair, key, value)
		}
	})
}
