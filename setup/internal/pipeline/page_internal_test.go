package pipeline

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/nais/spor/setup/internal/spanstats"
)

// words contains the first words of the second column in the table of answers.
var words = map[verdict]string{
	unavailable: "waits without a time limit if",
	tryAgain:    "is sent again",
	divide:      "is halved until the spans",
	tooLarge:    "is halved until the parts",
	refused:     "is not sent again",
}

var quoted = regexp.MustCompile("`([A-Z_]+)`")

// TestPageOfAnswers compares the table of answers in docs/delivery.md with judge, for every code
// of gRPC.
func TestPageOfAnswers(t *testing.T) {
	found := map[string]bool{}
	for _, row := range rows(t, 3) {
		answer, treatment := row[0], row[1]
		for _, name := range quoted.FindAllStringSubmatch(answer, -1) {
			number, known := code.Code_value[name[1]]
			if !known {
				t.Errorf("%q is not a code", name[1])
			}
			err := errorFor(t, codes.Code(number), answer)
			if want := words[judge(err, true)]; want == "" || !strings.HasPrefix(treatment, want) {
				t.Errorf("%s: the page says %q, but the code does %q", answer, treatment, want)
			}
			found[name[1]] = true
		}
	}
	for name := range code.Code_value {
		if !found[name] && name != "OK" {
			t.Errorf("%s is missing", name)
		}
	}
}

func errorFor(t *testing.T, c codes.Code, answer string) error {
	t.Helper()
	s := status.New(c, "no")
	switch {
	case strings.Contains(answer, "with `RetryInfo`"):
		throttled, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(1)})
		if err != nil {
			t.Fatal(err)
		}
		s = throttled
	case strings.Contains(answer, "too large"):
		s = status.New(c, "received message larger than max")
	}
	return s.Err()
}

func TestPageOfReasons(t *testing.T) {
	found := map[string]bool{}
	for _, row := range rows(t, 2) {
		found[strings.Trim(row[0], "`")] = true
	}
	for _, reason := range []spanstats.Reason{
		spanstats.QueueFull, spanstats.TimedOut, spanstats.Rejected, spanstats.TooBig,
		spanstats.Encode, spanstats.AfterShutdown, spanstats.CollectorLost,
	} {
		if !found[string(reason)] {
			t.Errorf("%s is missing", reason)
		}
	}
}

// rows returns the rows of the table of docs/delivery.md that has this number of columns.
func rows(t *testing.T, columns int) (all [][]string) {
	t.Helper()
	page, err := os.ReadFile("../../../docs/delivery.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != columns || !strings.HasPrefix(line, "| ") {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		all = append(all, cells)
	}
	return all
}
