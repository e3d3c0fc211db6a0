package httptrace

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/otelutil"
	"github.com/nais/spor/internal/privacy"
)

// clientOutcome describes the response to a client, or the failure of the request.
type clientOutcome struct {
	status      int    // 0 if there is no response
	version     string // the version of HTTP; "" if it is unknown
	errorType   string // "" if there was no error
	failed      bool
	description string // a description of the failure
}

func (e *roundTrip) outcomeOf(res *http.Response, err error) clientOutcome {
	o := clientOutcome{version: versionOf(e.request.Proto)}
	switch {
	case err != nil && e.canceled(): // the caller does not need the response any more
	case err != nil:
		o.errorType, o.failed, o.description = errinfo.TypeOf(err), true, errinfo.Text(errinfo.Describe(err).Message)
	case res == nil:
		o.errorType, o.failed = semconv.ErrorTypeOther.Value.AsString(), true
	default:
		o.status, o.version = res.StatusCode, versionOf(res.Proto)
		wrong := res.StatusCode >= http.StatusBadRequest || res.StatusCode < http.StatusContinue
		if wrong && !slices.Contains(e.transport.expected, res.StatusCode) {
			o.errorType, o.failed = strconv.Itoa(res.StatusCode), true
		}
	}
	return o
}

// describe adds the attributes of the request.
func (e *roundTrip) describe(attrs *otelutil.AttributeList) {
	r := e.request
	attrs.Add(e.transport.attributes...)
	addMethod(attrs, r.Method)
	if r.URL != nil {
		attrs.Add(semconv.URLFull(fullURL(r.URL)))
	}
	if host, port := serverOf(r.URL); host != "" {
		attrs.Add(semconv.ServerAddress(errinfo.Cut(host)), semconv.ServerPort(port))
	}
	if n := resends(r); n > 0 {
		attrs.Add(semconv.HTTPRequestResendCount(n))
	}
	addHeaders(attrs, e.transport.requestHeaders, r.Header)
}

// complete sets the status and the attributes that are known when o is known. It keeps attributes
// that the program has set. res is nil if there is no response.
func (e *roundTrip) complete(res *http.Response, o clientOutcome) {
	attrs := otelutil.NewAttributeList()
	defer attrs.Release()
	if e.late {
		e.describe(attrs)
	}
	e.connection.describe(attrs, &e.transport.peers)
	if o.version != "" {
		attrs.Add(semconv.NetworkProtocolVersion(o.version))
	}
	if o.status != 0 {
		attrs.Add(semconv.HTTPResponseStatusCode(o.status))
	}
	if o.errorType != "" {
		attrs.Add(semconv.ErrorTypeKey.String(o.errorType))
	}
	if res != nil {
		addHeaders(attrs, e.transport.responseHeaders, res.Header)
	}
	attrs.SetMissingOn(e.span)
	if o.failed {
		e.span.SetStatus(codes.Error, o.description)
	}
}

// mostResends is the maximum number of redirects that are counted.
const mostResends = 100

// resends returns the number of redirects that led to r.
func resends(r *http.Request) (n int) {
	for r.Response != nil && r.Response.Request != nil && n < mostResends {
		r = r.Response.Request
		n++
	}
	return n
}

// serverOf returns the host and the port of u. If u contains no port, it returns the default port
// of the scheme.
func serverOf(u *url.URL) (host string, port int) {
	if u == nil {
		return "", 0
	}
	host = u.Hostname()
	if host == "" && u.Host != "" { // such as :8080; net/http connects to this machine
		host = "localhost"
	}
	// The empty text is checked first, because Atoi("") would allocate an error.
	if text := u.Port(); text != "" {
		if port, err := strconv.Atoi(text); err == nil {
			return host, port
		}
	}
	return host, defaultPort(u.Scheme == "https")
}

// fullURL returns u as text. In this text, the credentials are redacted.
func fullURL(u *url.URL) string {
	if u.User != nil {
		redacted := *u
		redacted.User = url.UserPassword(privacy.Redacted, privacy.Redacted)
		u = &redacted
	}
	return errinfo.Cut(privacy.URL(u.String()))
}
