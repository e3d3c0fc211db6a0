package httptrace

import (
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/privacy"
)

// clientSpan wraps the SDK's span. Only otelhttp gets the wrapper. The wrapper corrects the
// attributes and the status that otelhttp sets.
type clientSpan struct {
	trace.Span

	roundTrip *roundTrip
	described bool
	port      [1]attribute.KeyValue // memory for the port that otelhttp does not record
}

// SetAttributes corrects attrs and sets them. When otelhttp calls SetAttributes for the first
// time, attrs contains the attributes of the request.
func (s *clientSpan) SetAttributes(attrs ...attribute.KeyValue) {
	if !s.described {
		s.described = true
		if s.IsRecording() {
			s.Span.SetAttributes(s.roundTrip.requestAttributes(attrs)...)
			s.setDefaultPort()
		}
		return
	}
	if len(attrs) == 1 && attrs[0].Key == semconv.ErrorTypeKey && s.roundTrip.canceled() {
		return
	}
	s.Span.SetAttributes(attrs...)
}

// setDefaultPort sets server.port if the port is 80 or 443. otelhttp does not set server.port if
// the URL contains no port, or if the port is the default port of the URL's scheme.
func (s *clientSpan) setDefaultPort() {
	host, port := serverOf(s.roundTrip.request.URL)
	if host != "" && (port == 80 || port == 443) {
		s.port[0] = semconv.ServerPort(port)
		s.Span.SetAttributes(s.port[:]...)
	}
}

// answer sets attributes of the response. otelhttp does not set these attributes, or sets wrong
// values.
func (s *clientSpan) answer(res *http.Response) {
	if res.ProtoMajor > 1 { // otelhttp records 2.0, but the conventions require 2
		s.Span.SetAttributes(semconv.NetworkProtocolVersion(versionOf(res.Proto)))
	}
	if headers := s.roundTrip.transport.responseHeaders; headers != nil {
		s.Span.SetAttributes(recorded(headers, res.Header)...)
	}
}

// SetStatus sets the status of the span. If the caller canceled the request, SetStatus does not
// set an error.
func (s *clientSpan) SetStatus(code codes.Code, description string) {
	if code != codes.Error || description == "" || !s.roundTrip.canceled() {
		s.Span.SetStatus(code, privacy.Text(description))
	}
}

// fail records that the response ended with err before the caller had read the whole response.
func (s *clientSpan) fail(err error) {
	s.Span.SetAttributes(semconv.ErrorType(err))
	s.SetStatus(codes.Error, err.Error())
}

// End ends the span. It does nothing if the span has already ended because the request's context
// ended.
func (s *clientSpan) End(...trace.SpanEndOption) {
	s.roundTrip.finish()
	if stop := s.roundTrip.stop; stop != nil {
		stop()
	}
}
