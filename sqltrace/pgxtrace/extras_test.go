package pgxtrace_test

import (
	"encoding/binary"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/sqltrace"
	"github.com/nais/spor/sqltrace/pgxtrace"
)

// TestSQLCommenter checks which texts contain the trace context when the server gets them.
// These must be only the texts that the server does not keep.
func TestSQLCommenter(t *testing.T) {
	for mode, want := range map[string]bool{
		"exec": true, "simple_protocol": true, "describe_exec": true, "cache_describe": true, "cache_statement": false,
	} {
		t.Run(mode, func(t *testing.T) {
			sdk := oteltest.New(t)
			s := new(server)
			pool := s.open(t, sdk, "default_query_exec_mode="+mode, sqltrace.WithSQLCommenter())
			for range 2 {
				if err := query(t.Context(), pool, point, "1"); err != nil {
					t.Fatal(err)
				}
			}
			for _, span := range ended(sdk) {
				comment := " /*traceparent='00-" + span.SpanContext().TraceID().String() + "-" + span.SpanContext().SpanID().String() + "-01'*/"
				found := slices.ContainsFunc(s.said(), func(text string) bool { return strings.HasSuffix(text, comment) })
				if found != want {
					t.Errorf("got %v for the comment %s in the texts %q, want %v", found, comment, s.said(), want)
				}
				wantAttributes(t, span, map[string]string{"db.query.text": point})
			}
		})
	}
}

// TestSQLCommenterBeforeSemicolon checks that the comment is inserted before the semicolon
// that ends the statement.
func TestSQLCommenterBeforeSemicolon(t *testing.T) {
	for _, mode := range []string{"exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			sdk := oteltest.New(t)
			s := new(server)
			pool := s.open(t, sdk, "default_query_exec_mode="+mode, sqltrace.WithSQLCommenter())
			if err := query(t.Context(), pool, point+" ; ", "1"); err != nil {
				t.Fatal(err)
			}
			said := s.said()
			before, rest, found := strings.Cut(said[len(said)-1], " /*traceparent=")
			_, after, _ := strings.Cut(rest, "*/")
			if !found || !strings.HasPrefix(after, ";") || strings.Contains(before, ";") {
				t.Errorf("the server got %q", said)
			}
		})
	}
}

func TestSQLCommenterLeavesAlone(t *testing.T) {
	for _, test := range []struct {
		name, text string
		sampler    sdktrace.Sampler
		opts       []sqltrace.Option
	}{
		{"not asked for", point, sdktrace.AlwaysSample(), nil},
		{"not sampled", point, sdktrace.NeverSample(), []sqltrace.Option{sqltrace.WithSQLCommenter()}},
		{"has one", "SELECT id /* mine */ FROM orders", sdktrace.AlwaysSample(), []sqltrace.Option{sqltrace.WithSQLCommenter()}},
		{"does not end", "SELECT 'id", sdktrace.AlwaysSample(), []sqltrace.Option{sqltrace.WithSQLCommenter()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			sdk := oteltest.New(t, sdktrace.WithSampler(test.sampler))
			s := new(server)
			pool := s.open(t, sdk, "default_query_exec_mode=exec", test.opts...)
			if _, err := pool.Exec(t.Context(), test.text); err != nil && strings.Contains(test.text, "$1") {
				if err := query(t.Context(), pool, test.text, "1"); err != nil {
					t.Fatal(err)
				}
			}
			b := new(pgx.Batch)
			b.Queue(point, "1")
			if err := pool.SendBatch(t.Context(), b).Close(); err != nil {
				t.Fatal(err)
			}
			for _, text := range s.said() {
				if strings.Contains(text, "traceparent") {
					t.Errorf("the server got %q", text)
				}
			}
		})
	}
}

// FuzzWithComment checks withComment with arbitrary bytes. The comment may be added only to
// statements, and the lengths in the messages must be correct.
func FuzzWithComment(f *testing.F) {
	const comment = " /*traceparent='00-0123456789abcdef0123456789abcdef-0123456789abcdef-01'*/"
	query := append(binary.BigEndian.AppendUint32([]byte("Q"), 4+9), "SELECT 1\x00"...)
	parse := append(binary.BigEndian.AppendUint32([]byte("P"), 4+12), "\x00SELECT 1\x00\x00\x00"...)
	named := append(binary.BigEndian.AppendUint32([]byte("P"), 4+13), "s\x00SELECT 1\x00\x00\x00"...)
	f.Add(query)
	f.Add(slices.Concat(parse, []byte("S\x00\x00\x00\x04")))
	f.Add(slices.Concat(named, query, parse[:7]))
	f.Add([]byte("Q\x00\x00\x00\x04"))
	f.Add([]byte("Q\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, p []byte) {
		before := slices.Clone(p)
		out := pgxtrace.WithComment(p, comment)
		if !slices.Equal(p, before) {
			t.Fatal("the input changed")
		}
		n := strings.Count(string(out), comment) - strings.Count(string(p), comment)
		if len(out) != len(p)+n*len(comment) {
			t.Errorf("got %d bytes from %d bytes and %d comments", len(out), len(p), n)
		}
		if got, want := pgxtrace.Messages(out), pgxtrace.Messages(p); got != want {
			t.Errorf("got %d messages, want %d", got, want)
		}
	})
}

func TestSlowQueries(t *testing.T) {
	sdk := oteltest.New(t)
	pool := (&server{pause: 30 * time.Millisecond}).open(t, sdk, "", sqltrace.WithSlowQueries(20*time.Millisecond))
	for _, text := range []string{"SELECT pause FROM orders", "SELECT id FROM orders"} {
		if err := query(t.Context(), pool, text); err != nil {
			t.Fatal(err)
		}
	}
	wantAttributes(t, ended(sdk)[0], map[string]string{"db.query.slow": "true"})
	wantAttributes(t, ended(sdk)[1], map[string]string{"db.query.slow": ""})
}

func TestRepeatedQueries(t *testing.T) {
	for times, want := range map[int]string{3: "", 4: "SELECT orders"} {
		sdk := oteltest.New(t)
		pool := new(server).open(t, sdk, "", sqltrace.WithRepeatedQueries(3))
		ctx, span := sdk.TracerProvider.Tracer("test").Start(t.Context(), "request")
		for range times {
			if err := query(ctx, pool, point, "1"); err != nil {
				t.Fatal(err)
			}
		}
		b := new(pgx.Batch)
		b.Queue("UPDATE lines SET a = $1", "1")
		if err := pool.SendBatch(ctx, b).Close(); err != nil {
			t.Fatal(err)
		}
		span.End()
		spans := ended(sdk)
		wantAttributes(t, spans[len(spans)-1], map[string]string{"db.query.repeated": want})
	}
}

func TestWithoutQueryText(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "", sqltrace.WithoutQueryText(), sqltrace.WithQueryNames())
	if err := query(t.Context(), pool, "-- name: GetOrder :one\nSELECT id FROM orders"); err == nil {
		t.Log("the server accepts comments")
	}
	wantNames(t, sdk, "client GetOrder")
	wantAttributes(t, only(t, sdk), map[string]string{"db.query.text": "", "db.query.summary": "SELECT orders"})
}

var secret = regexp.MustCompile("secret")

func TestErrorTextsAreNotRecorded(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "")
	if _, err := pool.Exec(t.Context(), "UPDATE fail SET a = 'secret'"); err == nil || !secret.MatchString(err.Error()) {
		t.Fatalf("got %v", err)
	}
	span := only(t, sdk)
	for key, value := range oteltest.Map(span.Attributes()) {
		if secret.MatchString(value) {
			t.Errorf("%s: %s", key, value)
		}
	}
	if secret.MatchString(span.Status().Description) || secret.MatchString(span.Name()) {
		t.Errorf("%s: %v", span.Name(), span.Status())
	}
}
