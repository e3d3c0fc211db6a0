package receiver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/nais/spor/internal/recording"
)

// dockerHost is the name of this machine in a container of Docker Desktop.
const dockerHost = "host.docker.internal"

const (
	// bodyPart is the size of the parts in which a body is read.
	bodyPart = 64 << 10
	// bodyTime is the longest time for a body.
	bodyTime = 10 * time.Second
)

// The content types of OTLP over HTTP.
const (
	protobufType = "application/x-protobuf"
	jsonType     = "application/json"
)

// HTTP returns a handler for OTLP over HTTP. It shares the sink and the limits for memory with the
// gRPC receiver. It accepts requests only from this machine: pages in the browser may send
// telemetry if their origin is a loopback address (CORS), and the Host header must be one too.
func (s *Server) HTTP() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if host, _ := url.Parse("//" + r.Host); host == nil || !isLoopback(host.Hostname()) && !strings.EqualFold(host.Hostname(), dockerHost) {
			http.Error(w, "wrong host name (want localhost)", http.StatusMisdirectedRequest)
			return
		}
		if origin != "" && !isLocalOrigin(origin) {
			http.Error(w, "pages of other machines must not send telemetry", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Add("Vary", "Origin")
		if origin != "" {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true") // sendBeacon needs it
		}
		if r.Method == http.MethodOptions {
			preflight(w, r)
			return
		}
		defer s.listener.trackCall()()
		s.http.ServeHTTP(w, r)
	})
}

// The function preflight answers the question whether a page may send a request.
func preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", http.MethodPost)
	if headers := r.Header.Get("Access-Control-Request-Headers"); headers != "" {
		h.Set("Access-Control-Allow-Headers", headers)
	}
	h.Set("Access-Control-Max-Age", "7200")
	w.WriteHeader(http.StatusNoContent)
}

func isLocalOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	host = strings.ToLower(host)
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip.IsLoopback()
}

// The function httpHandler returns a handler that receives one kind of request.
func httpHandler[Request, Response any, Message interface {
	*Request
	proto.Message
}](i *intake, export func(context.Context, *Request) (*Response, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if coding := r.Header.Get("Content-Encoding"); coding != "" && coding != "identity" && coding != "gzip" {
			http.Error(w, "want the content encoding gzip", http.StatusUnsupportedMediaType)
			return
		}
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		e := i.binary()
		switch kind {
		case protobufType:
		case jsonType:
			e = encoded{sizeOfJSON, recording.Decode}
		default:
			http.Error(w, "want the content type "+protobufType+" or "+jsonType, http.StatusUnsupportedMediaType)
			return
		}
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)) // not supported by all servers of tests
		request := new(Request)
		var response *Response
		release, err := i.receiveBody(r, e, Message(request))
		if err == nil {
			defer release()
			response, err = answer(r.Context(), export, request)
		}
		reply(w, kind, response, err)
	})
}

// The method receiveBody does the same as receive, for a request over HTTP.
func (i *intake) receiveBody(r *http.Request, e encoded, request proto.Message) (release func(), err error) {
	body, done, err := i.read(r)
	if err != nil {
		return nil, err
	}
	defer done()
	return i.decode(r.Context(), body, e, request)
}

// The method read reads the body of a request. The caller must call done when it no longer needs
// the body.
func (i *intake) read(r *http.Request) (b body, done func(), err error) {
	if err := acquire(r.Context(), i.bodies); err != nil {
		return nil, nil, err
	}
	large := false
	done = func() {
		<-i.bodies
		if large {
			<-i.large
		}
	}
	for size := 0; ; {
		part := make([]byte, bodyPart)
		n, err := io.ReadFull(r.Body, part)
		size += n
		b = append(b, part[:n])
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return b, done, nil
		case err != nil:
			err = status.Errorf(codes.InvalidArgument, "receiver: read the request: %v", err)
		case size > maxRequestBytes:
			err = status.Errorf(codes.ResourceExhausted, "receiver: the request is too large: it has more than %d MiB", maxRequestBytes>>20)
		case size >= maxSmallBody && !large:
			err = acquire(r.Context(), i.large)
			large = err == nil
		}
		if err != nil {
			done()
			return nil, nil, err
		}
	}
}

// The function acquire waits for a place in slots.
func acquire(ctx context.Context, slots chan struct{}) error {
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

// A body is the body of a request in parts, in the form in which the client sent it.
type body [][]byte

func (b body) unpack(buffer *bytes.Buffer) ([]byte, error) {
	if len(b) == 1 {
		return packet(b[0]).unpack(buffer)
	}
	size := 0
	readers := make([]io.Reader, len(b))
	for i, part := range b {
		size += len(part)
		readers[i] = bytes.NewReader(part)
	}
	last := b[len(b)-1]
	if len(last) < 4 {
		last = slices.Concat(b[len(b)-2], last)
	}
	if bytes.HasPrefix(b[0], []byte(gzipMagic)) {
		return gunzip(io.MultiReader(readers...), last, buffer)
	}
	buffer.Reset()
	buffer.Grow(size)
	for _, part := range b {
		buffer.Write(part)
	}
	return buffer.Bytes(), nil
}

// The function reply writes a response, or a status if err is not nil, in the encoding of the
// request.
func reply(w http.ResponseWriter, contentType string, response any, err error) {
	message, _ := response.(proto.Message)
	code := http.StatusOK
	if err != nil {
		s := status.Convert(err)
		message, code = s.Proto(), httpStatus(s.Code())
	}
	marshal := proto.Marshal
	if contentType == jsonType {
		marshal = protojson.Marshal
	}
	body, err := marshal(message)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(code)
	_, _ = w.Write(body) // the client has gone if this fails
}

// httpStatus returns the status that OTLP over HTTP uses for an error. A client sends a request
// again after 429, 502, 503 and 504.
func httpStatus(code codes.Code) int {
	switch code {
	case codes.ResourceExhausted:
		return http.StatusRequestEntityTooLarge
	case codes.Unavailable, codes.Canceled, codes.DeadlineExceeded:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

// sizeOfJSON estimates how much memory a request in JSON needs after decoding. Each value in the
// data becomes a message or a part of one, and is separated from the next value by a comma, a brace
// or a bracket.
func sizeOfJSON(_ proto.Message, data []byte, limit int) (int, error) {
	const perObject, perValue = 512, 64
	size := len(data)
	for _, c := range data {
		switch c {
		case '{':
			size += perObject
		case ',', '[':
			size += perValue
		}
	}
	if size > limit {
		return 0, errTooLarge
	}
	return size, nil
}
