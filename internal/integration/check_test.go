//go:build integration

package integration

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nais/spor/internal/apm"
	"github.com/nais/spor/internal/conformance/apmsuite"
	"github.com/nais/spor/internal/recording"
)

// judged is the result of running spor check on a program.
type judged struct {
	code     int
	report   apm.Report
	requests []recording.Request
	output   string
}

// checkProgram runs spor check on a test program. The program is the only service in the
// report.
func checkProgram(t *testing.T, flags, env []string, name string, args ...string) judged {
	t.Helper()
	file := filepath.Join(t.TempDir(), "spor.jsonl")
	flags = append([]string{"check", "--format", "json", "--record", file, "--namespace", "examples"}, flags...)
	cmd := program(t, "spor", append(append(flags, "--", filepath.Join(programs, name)), args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	var said struct{ Services []apm.Report }
	if err := json.Unmarshal(stdout.Bytes(), &said); err != nil || len(said.Services) != 1 {
		t.Fatalf("%v: want the report of one service, got %s%s", err, &stdout, &stderr)
	}
	return judged{cmd.ProcessState.ExitCode(), said.Services[0], readRecording(t, file), stdout.String()}
}

func readRecording(t *testing.T, file string) []recording.Request {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var requests []recording.Request
	for request, err := range recording.Read(f) {
		if err != nil {
			t.Fatal(err)
		}
		requests = append(requests, request)
	}
	return requests
}

func TestCheckQuotes(t *testing.T) {
	j := checkProgram(t, []string{"--for", "4s"}, nil, "quotes")
	if j.code != 0 || !j.report.OK() {
		t.Errorf("exit code %d, want 0: %s", j.code, j.output)
	}
	apmsuite.Run(t, j.requests)
	// The page for custom metrics shows the first 50 metrics that are not the platform's.
	if n := len(ownMetrics(j.requests)); n > 25 {
		t.Errorf("%d metrics, want at most 25, as docs/check.md says: %v", n, ownMetrics(j.requests))
	}
}

// The function ownMetrics returns the names of the metrics that are neither about the Go runtime
// nor about the process.
func ownMetrics(requests []recording.Request) []string {
	names := map[string]bool{}
	for _, request := range requests {
		for _, rm := range request.Metrics.GetResourceMetrics() {
			for _, sm := range rm.GetScopeMetrics() {
				for _, m := range sm.GetMetrics() {
					names[m.GetName()] = true
				}
			}
		}
	}
	maps.DeleteFunc(names, func(name string, _ bool) bool {
		return strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_")
	})
	return slices.Sorted(maps.Keys(names))
}

// TestCheckWhatIsWiredByHand runs spor check on a service without spor. It tests that the
// report lists the panels without data, and that the report contains the right fix for each
// of these panels.
func TestCheckWhatIsWiredByHand(t *testing.T) {
	j := checkProgram(t, nil, nil, "byhand")
	if j.code != 1 {
		t.Errorf("exit code %d, want 1", j.code)
	}
	const dialect, sql, kafka, runtime = "export with setup", "sqltrace.Open", "kgotrace", "client_golang's names"
	for panel, cure := range map[string]string{
		"Operations: database": dialect, "Database: rate and errors": dialect, "Database: traces": dialect,
		"Database: top queries": dialect, "Database: N+1": dialect, "Dependencies and service map": dialect, "Dependency detail": dialect,
		"Database: pool health": sql, "Database: acquisition P95": sql,
		"Runtime: Go card": runtime, "Runtime: Kafka card": kafka,
		"Operations: gRPC": dialect, "Operations: outbound": dialect, "Traces": dialect, "Trace breakdowns": dialect,
		"Logs of a trace": "slog.InfoContext(ctx",
	} {
		v, _ := j.report.Panel(panel)
		if v.State != apm.Dark || !slices.ContainsFunc(v.Cures, func(reported string) bool { return strings.Contains(reported, cure) }) {
			t.Errorf("%s: got %+v, want the panel to be dark, with the cure %q", panel, v, cure)
		}
	}
	for _, panel := range []string{"Service inventory", "Overview", "Operations: HTTP", "Operations: messaging", "Logs", "Issues"} {
		if v, _ := j.report.Panel(panel); v.State != apm.Lit {
			t.Errorf("%s: got %+v, want the panel to be lit", panel, v)
		}
	}
	for _, f := range j.report.Findings {
		if f.Kind != apm.MissingName {
			t.Errorf("found: %+v", f)
		}
	}
}

// TestCheckWhatIsWiredByHandUnderSetup starts the telemetry of the same service with setup.Run, and
// changes nothing else. All panels that its spans can feed are lit. The others need metrics of the
// pool and of the Kafka client, and log lines with the IDs of the span.
func TestCheckWhatIsWiredByHandUnderSetup(t *testing.T) {
	j := checkProgram(t, nil, []string{"BYHAND_SETUP=true"}, "byhand")
	dark := []string{"Database: pool health", "Database: acquisition P95", "Runtime: Kafka card", "Logs of a trace"}
	lit := 0
	for _, v := range j.report.Panels {
		if v.State == apm.Lit {
			lit++
		}
		if (v.State == apm.Dark) != slices.Contains(dark, v.Panel) {
			t.Errorf("%s is %s: %s", v.Panel, v.State, v.Evidence)
		}
	}
	if lit != 21 || len(j.report.Findings) > 0 {
		t.Errorf("%d panels are lit, want 21; findings %+v", lit, j.report.Findings)
	}
}

func TestCheckNamesWhereAPersonalNumberIs(t *testing.T) {
	ident := newSeeds().number()
	j := checkProgram(t, nil, []string{"BYHAND_IDENT=" + ident}, "byhand")
	if j.code != 1 {
		t.Errorf("exit code %d, want 1", j.code)
	}
	var places []string
	for _, f := range j.report.Findings {
		if f.Kind == apm.PersonalNumber {
			places = append(places, f.Place)
		}
	}
	want := []string{"span GET /orders/{id}, attribute user.id", "stdout, field ident", "stdout, field msg"}
	if !slices.Equal(places, want) {
		t.Errorf("places: got %q, want %q", places, want)
	}
	if strings.Contains(j.output, ident) {
		t.Error("the output of spor check contains the personal number")
	}
}
