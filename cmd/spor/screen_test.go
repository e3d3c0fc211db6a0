package main_test

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	main "github.com/nais/spor/cmd/spor"
)

// A paper records the bytes that both streams write to a terminal.
type paper struct {
	mu   sync.Mutex
	text strings.Builder
}

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *paper) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

func TestScreenDrawsBetweenLines(t *testing.T) {
	for name, tt := range map[string]struct {
		before, after string // text on stdout before and after the drawing
		want          string
	}{
		"line ended":     {"a\n", "b\n", "a\nDRAWN\nb\n"},
		"nothing before": {"", "b\n", "DRAWN\nb\n"},
		"line open":      {"a", "b\n", "ab\nDRAWN\n"},
		"never ended":    {"password: ", "", "password: \nDRAWN\n"},
		"still open":     {"a", "b", "ab\nDRAWN\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got paper
				stdout, _, draw := main.Screen(&got, &got)
				write(t, stdout, tt.before)
				go draw([]byte("DRAWN\n"))
				synctest.Wait()
				write(t, stdout, tt.after)
				time.Sleep(main.DrawTimeout) //nolint:forbidigo // synctest's clock
				synctest.Wait()
				if got := got.String(); got != tt.want {
					t.Errorf("screen %q, want %q", got, tt.want)
				}
			})
		})
	}
}

func TestScreenWatchesBothStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got paper
		stdout, stderr, draw := main.Screen(&got, &got)
		write(t, stdout, "out ")
		write(t, stderr, "err ")
		go draw([]byte("DRAWN\n"))
		synctest.Wait()
		write(t, stdout, "out\n")
		synctest.Wait()
		write(t, stderr, "err\n")
		synctest.Wait()
		if got, want := got.String(), "out err out\nerr\nDRAWN\n"; got != want {
			t.Errorf("screen %q, want %q", got, want)
		}
	})
}

func write(t *testing.T, w io.Writer, s string) {
	t.Helper()
	if _, err := io.WriteString(w, s); err != nil {
		t.Error(err)
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", main.MaxLine)
	for name, tt := range map[string]struct {
		chunks []string
		want   []string
	}{
		"lines":          {[]string{"a\nb\n"}, []string{"a", "b"}},
		"empty lines":    {[]string{"\n\na\n"}, []string{"", "", "a"}},
		"in pieces":      {[]string{"a", "b", "\n", "c\nd"}, []string{"ab", "c", "d"}},
		"nothing":        {[]string{"", ""}, nil},
		"just as long":   {[]string{long, "\n", "a\n"}, []string{long, "a"}},
		"longer by one":  {[]string{long + "y\n"}, []string{long + "+", "y"}},
		"three times":    {[]string{long, long, long, "\n"}, []string{long + "+", long + "+", long}},
		"whole å":        {[]string{long[1:] + "å\n"}, []string{long[1:] + "+", "å"}},
		"no characters":  {[]string{strings.Repeat("\x80", main.MaxLine+1)}, []string{strings.Repeat("\x80", main.MaxLine) + "+", "\x80"}},
		"long, no break": {[]string{long, "y"}, []string{long + "+", "y"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			write, end := main.Lines(func(text string, continued bool) {
				if continued {
					text += "+"
				}
				got = append(got, text)
			})
			for _, chunk := range tt.chunks {
				write([]byte(chunk))
			}
			end()
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("lines %.200q, want %.200q", got, tt.want)
			}
		})
	}
}
