package errinfo_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/oteltest"
)

func TestRecord(t *testing.T) {
	sdk := oteltest.New(t)
	_, span := sdk.TracerProvider.Tracer("test").Start(t.Context(), "test")
	if got := errinfo.Record(span, []byte("01017012345")); got != "[]uint8" {
		t.Errorf("kind %q", got)
	}
	if got := errinfo.Record(span, strings.NewReader); got != "func(string) *strings.Reader" {
		t.Errorf("kind %q", got)
	}
	errinfo.Record(span, "no person 01017012345")
	span.End()
	events := sdk.Only(t).Events()
	if len(events) != 3 {
		t.Fatalf("events %v", events)
	}
	got := oteltest.Map(events[2].Attributes)
	if got["exception.type"] != "string" || got["exception.message"] != "no person ***********" ||
		!strings.Contains(got["exception.stacktrace"], "TestRecord") {
		t.Errorf("exception %v", got)
	}
}

func TestText(t *testing.T) {
	long := strings.Repeat("å", 1000)
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"no such quote", "no such quote"},
		{"no person 01017012345", "no person ***********"},
		{"bad \xff byte", "bad \uFFFD byte"},
		{long, long[:1024]},
		{"x" + long, "x" + long[:1022]},
		{"01017012345" + long, "***********" + long[:1012]},
	} {
		got := errinfo.Text(tt.text)
		if got != tt.want || !utf8.ValidString(got) {
			t.Errorf("Text(%.20q) is %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestCutMasksFirst(t *testing.T) {
	for start := 1000; start <= 1024; start++ {
		head := strings.Repeat("x", start-1) + " "
		for _, tail := range []string{"", " " + strings.Repeat("y", 3000)} {
			got := errinfo.Cut(head + "01017012345" + tail)
			if strings.Contains(got, "010170") && (tail != "" || start > 1013) || len(got) > 1024 {
				t.Errorf("number at %d: got %d bytes, %q", start, len(got), got[len(got)-30:])
			}
			if got := errinfo.Cut(head + "https://user:zqvkwxj@host" + tail); strings.Contains(got, "zq") && (tail != "" || start > 999) {
				t.Errorf("password at %d: got %q", start, got[len(got)-30:])
			}
		}
	}
}

type panicking struct{}

func (*panicking) Error() string     { return "" }
func (*panicking) ErrorType() string { panic("on purpose") }

func TestTypeOf(t *testing.T) {
	for want, err := range map[string]error{
		"*errors.errorString": errors.New("x"),
		"*fs.PathError":       &fs.PathError{},
		"_OTHER":              (*panicking)(nil),
	} {
		if got := errinfo.TypeOf(err); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
