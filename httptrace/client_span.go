package httptrace

import (
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/privacy"
)

// clientSpan is the span as otelhttp sees it.
type clientSpan struct {
	trace.Span

	roundTrip *roundTrip
	described bool
	port      [1]attribute.KeyValue // room for the port that otelhttp leaves out
}

// SetAttributes puts right what otelhttp takes too literally. The first call
// describes the request.
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

// setDefaultPort records the port of a URL that names none, or the one of its scheme.
func (s *clientSpan) setDefaultPort() {
	host, port := serverOf(s.roundTrip.request.URL)
	if host != "" && (port == 80 || port == 443) {
		s.port[0] = semconv.ServerPort(port)
		s.Span.SetAttributes(s.port[:]...)
	}
}

// answer records what otelhttp leaves out of a response, or has wrong.
func (s *clientSpan) answer(res *http.Response) {
	if res.ProtoMajor > 1 { // otelhttp says 2.0
		s.Span.SetAttributes(semconv.NetworkProtocolVersion(versionOf(res.Proto)))
	}
	if headers := s.roundTrip.transport.responseHeaders; headers != nil {
		s.Span.SetAttributes(recorded(headers, res.Header)...)
	}
}

// SetStatus does not blame a server that the caller hung up on.
func (s *clientSpan) SetStatus(code codes.Code, description string) {
	if code != codes.Error || description == "" || !s.roundTrip.canceled() {
		s.Span.SetStatus(code, privacy.Text(description))
	}
}

// fail records that reading the response was cut short.
func (s *clientSpan) fail(err error) {
	s.Span.SetAttributes(semconv.ErrorType(err))
	s.SetStatus(codes.Error, err.Error())
}

// End ends the span, if its context has not.
func (s *clientSpan) End(...trace.SpanEndOption) {
	s.roundTrip.finish()
	if stop := s.roundTrip.stop; stop != nil {
		stop()
	}
}
