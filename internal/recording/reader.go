package recording

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// maxLineBytes is the maximum number of bytes of a line. It limits the memory that Read uses if
// the file is not a recording.
const maxLineBytes = 512 << 20

// Read returns the requests in r, in the order of the lines. It stops at the first error, and
// the error contains the number of the line. Read ignores empty lines and empty requests. In a
// request, it ignores unknown fields and unknown kinds of values.
func Read(r io.Reader) iter.Seq2[Request, error] {
	return func(yield func(Request, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, maxLineBytes)
		n := 0
		for lines.Scan() {
			n++
			request, ok, err := decode(lines.Bytes())
			if err != nil {
				yield(Request{}, fmt.Errorf("recording: line %d%w", n, err))
				return
			}
			if ok && !yield(request, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(Request{}, fmt.Errorf("recording: line %d: %w", n+1, err))
		}
	}
}

var errKind = errors.New("not an export request (want one of resourceSpans, resourceMetrics, resourceLogs)")

// decode decodes one line. ok is false if the line is empty or contains an empty request. The
// text of an error starts with a separator, because the caller writes the line number before
// it.
func decode(line []byte) (r Request, ok bool, err error) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return Request{}, false, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			err = errKind
		}
		return Request{}, false, at(err)
	}
	if len(fields) == 0 {
		return Request{}, false, nil
	}
	if r, ok = kind(fields); !ok {
		return Request{}, false, at(errKind)
	}
	if err := r.unmarshal(line); err != nil {
		return Request{}, false, at(err)
	}
	return r, true, nil
}

// Decode decodes OTLP/JSON into request, which must be an export request. It ignores unknown fields
// and unknown kinds of values.
func Decode(data []byte, request proto.Message) error {
	var r Request
	switch request := request.(type) {
	case *coltrace.ExportTraceServiceRequest:
		r.Traces = request
	case *colmetrics.ExportMetricsServiceRequest:
		r.Metrics = request
	case *collogs.ExportLogsServiceRequest:
		r.Logs = request
	default:
		return fmt.Errorf("recording: %T is not an export request", request)
	}
	if err := r.unmarshal(data); err != nil {
		return fmt.Errorf("recording%w", at(err))
	}
	return nil
}

func (r Request) unmarshal(data []byte) error {
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(data, r.message()); err != nil {
		return err
	}
	return r.convert(hexFromPrint)
}

// The function kind returns an empty request of the same kind as the request in fields. It
// reports false if fields contain no kind of request, or more than one kind.
func kind(fields map[string]json.RawMessage) (Request, bool) {
	var r Request
	kinds := 0
	if _, ok := fields["resourceSpans"]; ok {
		r.Traces = &coltrace.ExportTraceServiceRequest{}
		kinds++
	}
	if _, ok := fields["resourceMetrics"]; ok {
		r.Metrics = &colmetrics.ExportMetricsServiceRequest{}
		kinds++
	}
	if _, ok := fields["resourceLogs"]; ok {
		r.Logs = &collogs.ExportLogsServiceRequest{}
		kinds++
	}
	return r, kinds == 1
}

// protojsonPlace matches the position at the start of a protojson error. The input is one line,
// so only the column is needed. The space in the error may be a no-break space.
var protojsonPlace = regexp.MustCompile(`^proto:[\s\x{a0}](?:syntax error )?\(line 1:(\d+)\): `)

// The function at returns err with a separator before the text. If err contains a column, the
// column comes before the rest of the text.
func at(err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf(", column %d: %w", syntax.Offset, err)
	}
	text := err.Error()
	if place := protojsonPlace.FindStringSubmatch(text); place != nil {
		return fmt.Errorf(", column %s: %s", place[1], text[len(place[0]):])
	}
	return fmt.Errorf(": %w", err)
}
