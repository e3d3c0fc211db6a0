package environ

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
)

const (
	// platformEndpoint is the address of the collector on NAIS. The address is the same in
	// every NAIS cluster (https://docs.nais.io/observability/reference/auto-config/).
	platformEndpoint = "http://opentelemetry-collector.nais-system:4317"
	grpcPort         = "4317"
)

// An Endpoint is the collector for one signal, and how to connect to it.
type Endpoint struct {
	Address  string      // host:port
	URL      string      // the URL in messages, without credentials
	TLS      *tls.Config // nil means plaintext
	Platform bool        // the endpoint is the default on NAIS, because no variable sets it

	// The remaining fields are for messages. They are set only if a variable sets the
	// endpoint. The three files are set only if TLS is not nil.
	Variable          string // the variable with the address
	CA                File
	ClientCertificate File
	ClientKey         File
}

// A File is the value of a variable that contains the path of a file.
type File struct {
	// Variable is the name of the variable that is set. If no variable is set, it is the
	// name of the variable for all signals.
	Variable string
	Path     string // "" if no variable is set
}

// signalVariable returns the two names of an exporter variable. The variable with the first
// name applies to one signal (TRACES, METRICS or LOGS). The variable with the second name
// applies to all signals.
func signalVariable(signal, name string) []string {
	return []string{"OTEL_EXPORTER_OTLP_" + signal + "_" + name, "OTEL_EXPORTER_OTLP_" + name}
}

// readEndpoint returns the endpoint of signal. If no variable sets an endpoint, it returns
// the platform's endpoint on NAIS, and nil outside NAIS. If a variable sets an endpoint
// that is not valid, it returns nil.
func readEndpoint(env *Environment, signal string) *Endpoint {
	name, value := env.first(signalVariable(signal, "ENDPOINT")...)
	if value == "" {
		if !env.OnPlatform() {
			return nil
		}
		e, _ := parseEndpoint(platformEndpoint)
		e.Platform = true
		return e
	}
	e, err := parseEndpoint(value)
	if err != nil {
		env.wrong(name, WithoutCredentials(value), err.Error()+"; nothing is exported")
		return nil
	}
	e.Variable = name
	readSecurity(env, signal, name, e)
	return e
}

// parseEndpoint parses host:port, http://host[:port] or https://host[:port]. It sets the
// field TLS only for https. For host:port, the caller decides whether to use TLS.
func parseEndpoint(value string) (*Endpoint, error) {
	if !strings.Contains(value, "://") {
		return parseHostPort(value)
	}
	u, err := url.Parse(value)
	switch {
	case err != nil:
		return nil, errors.New("is not a URL (want http://host:port)")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("unknown scheme %q (want http:// or https://)", u.Scheme)
	case u.Hostname() == "":
		return nil, errors.New("missing host (want http://host:port)")
	case !validHost(u.Hostname()):
		return nil, errors.New("is not a host (want http://host:port)")
	case u.User != nil:
		return nil, errors.New("credentials do not belong here (use OTEL_EXPORTER_OTLP_HEADERS)")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("OTLP over gRPC has no path (want http://host:port)")
	}
	port := u.Port()
	if port == "" {
		port = grpcPort
	} else if !validPort(port) {
		return nil, fmt.Errorf("port %s is out of range", port)
	}
	e := &Endpoint{Address: net.JoinHostPort(u.Hostname(), port)}
	e.URL = u.Scheme + "://" + e.Address
	if u.Scheme == "https" {
		e.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return e, nil
}

func parseHostPort(value string) (*Endpoint, error) {
	host, port, err := net.SplitHostPort(value)
	switch {
	case err != nil && !strings.Contains(value, ":"):
		return nil, errors.New("missing port (want host:port)")
	case err != nil || !validHost(host):
		return nil, errors.New("is not an address (want host:port or http://host:port)")
	case !validPort(port):
		return nil, fmt.Errorf("%q is not a port (want host:port)", port)
	}
	address := net.JoinHostPort(host, port)
	return &Endpoint{Address: address, URL: address}, nil
}

// validHost reports whether host is a host name or an IP address. An IPv6 address with a
// zone is not valid, because gRPC cannot dial it.
func validHost(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Zone() == ""
	}
	return host != "" && !strings.ContainsFunc(host, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return !letter && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
	})
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// WithoutCredentials returns the value of an endpoint variable as it may be shown in a
// message. The user name and the password in the value are redacted.
func WithoutCredentials(value string) string {
	if at := strings.LastIndexByte(value, '@'); at >= 0 {
		scheme, _, found := strings.Cut(value, "://")
		if !found {
			return "REDACTED" + value[at:]
		}
		return scheme + "://REDACTED" + value[at:]
	}
	return value
}

// readSecurity decides whether the connection uses TLS. If the endpoint has a scheme, the
// scheme decides, and variables that contradict the scheme are reported. If the endpoint
// has no scheme, the connection uses TLS unless the INSECURE variable is true.
func readSecurity(env *Environment, signal, endpointName string, e *Endpoint) {
	insecureName, insecureText := env.first(signalVariable(signal, "INSECURE")...)
	insecure, isSet := false, false
	if insecureName != "" {
		insecure, isSet = env.boolean(insecureName)
	}
	certificateName := firstCertificate(env, signal)
	hasScheme := strings.Contains(e.URL, "://")
	switch {
	case !hasScheme && !insecure:
		e.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		e.URL = "https://" + e.Address
	case !hasScheme:
		e.URL = "http://" + e.Address
		if certificateName != "" {
			env.wrong(insecureName, insecureText, "contradicts "+certificateName+" (remove one of the two); the connection is plaintext")
		}
	case e.TLS != nil && insecure:
		env.wrong(insecureName, insecureText, "contradicts https in "+endpointName+" (write http:// there, or remove this variable); the connection uses TLS")
	case e.TLS == nil && isSet && !insecure:
		env.wrong(insecureName, insecureText, "contradicts http in "+endpointName+" (write https:// there, or remove this variable); the connection is plaintext")
	case e.TLS == nil && certificateName != "":
		env.wrong(certificateName, env.Text(certificateName), "contradicts http in "+endpointName+" (write https:// there, or remove this variable); the connection is plaintext")
	}
	if e.TLS != nil {
		readCertificates(env, signal, e)
	}
}

func firstCertificate(env *Environment, signal string) string {
	for _, kind := range []string{"CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"} {
		if name, _ := env.first(signalVariable(signal, kind)...); name != "" {
			return name
		}
	}
	return ""
}

func readFile(env *Environment, signal, kind string) File {
	names := signalVariable(signal, kind)
	name, path := env.first(names...)
	if name == "" {
		name = names[1]
	}
	return File{name, path}
}

// readCertificates reads the three files of e into the TLS configuration of e.
func readCertificates(env *Environment, signal string, e *Endpoint) {
	e.CA = readFile(env, signal, "CERTIFICATE")
	if file := e.CA; file.Path != "" {
		pem, err := os.ReadFile(file.Path)
		pool := x509.NewCertPool()
		switch {
		case err != nil:
			env.wrong(file.Variable, file.Path, err.Error()+" (want a readable PEM file); the system's certificate authorities are used")
		case !pool.AppendCertsFromPEM(pem):
			env.wrong(file.Variable, file.Path, "contains no PEM certificate; the system's certificate authorities are used")
		default:
			e.TLS.RootCAs = pool
		}
	}
	e.ClientCertificate, e.ClientKey = readFile(env, signal, "CLIENT_CERTIFICATE"), readFile(env, signal, "CLIENT_KEY")
	certificate, key := e.ClientCertificate, e.ClientKey
	switch {
	case certificate.Path == "" && key.Path == "":
	case certificate.Path == "":
		env.wrong(key.Variable, key.Path, "needs OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE too; no client certificate is used")
	case key.Path == "":
		env.wrong(certificate.Variable, certificate.Path, "needs OTEL_EXPORTER_OTLP_CLIENT_KEY too; no client certificate is used")
	default:
		pair, err := tls.LoadX509KeyPair(certificate.Path, key.Path)
		if err != nil {
			env.wrong(certificate.Variable, certificate.Path, err.Error()+" (want a certificate and its key, each in a PEM file); no client certificate is used")
			return
		}
		e.TLS.Certificates = []tls.Certificate{pair}
	}
}
