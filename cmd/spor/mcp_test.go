//go:build unix

package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/nais/spor/cmd/spor/internal/query"
)

// An agent is a client of the official library. It has started spor mcp.
type agent struct{ *mcp.ClientSession }

func startAgent(t *testing.T, flags ...string) agent {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.CommandTransport{Command: spor(t, append([]string{"mcp"}, flags...)...)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return agent{session}
}

// The method end closes the standard input of spor mcp, and waits until it has ended. A test must
// call it before the context of the test ends.
func (a agent) end(t *testing.T) {
	t.Helper()
	if err := a.Close(); err != nil {
		t.Errorf("spor mcp: %v", err)
	}
}

// The method call calls a tool and decodes its answer. It returns the text of the answer.
func (a agent) call(t *testing.T, tool string, args map[string]any, answer any) string {
	t.Helper()
	result, err := a.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		t.Fatal(err)
	}
	text := result.Content[0].(*mcp.TextContent).Text
	if result.IsError {
		t.Fatalf("%s: %s", tool, text)
	}
	structured, err := json.Marshal(result.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(structured, answer); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAgentFindsTheSlowestTrace(t *testing.T) {
	file := shopRecording(t)
	startListener(t, anyPort...).send(t, file)
	for name, flags := range map[string][]string{"listener": nil, "recording": {"--file", file}} {
		t.Run(name, func(t *testing.T) {
			a := startAgent(t, flags...)
			defer a.end(t)
			var slowest query.Traces
			a.call(t, "list_traces", map[string]any{"slowest": true, "limit": 1}, &slowest)
			if len(slowest.Traces) != 1 || slowest.Traces[0].ID != slowTrace || slowest.Traces[0].Duration != 200 || slowest.More != 2 {
				t.Fatalf("slowest: %+v", slowest)
			}
			var trace query.Trace
			a.call(t, "get_trace", map[string]any{"trace_id": slowest.Traces[0].ID}, &trace)
			if path := trace.Critical; len(path) != 2 || path[0].Name != "INSERT orders" || path[0].Time != 180 || path[1].Name != "POST /orders" {
				t.Errorf("critical path: %+v", path)
			}
			if logs := trace.Logs; len(logs) != 1 || logs[0].Message != "insert failed" || logs[0].Fields["fnr"] != "***********" {
				t.Errorf("logs of the trace: %+v", logs)
			}
			var span query.Span
			a.call(t, "get_span", map[string]any{"trace_id": slowTrace, "span_id": trace.Tree[1].ID}, &span)
			if span.ID != failedSpan || span.Events[0].Exception != "*pgconn.PgError: duplicate key" {
				t.Errorf("span: %+v", span)
			}
			var logs query.Logs
			if text := a.call(t, "list_logs", map[string]any{"level": "error"}, &logs); len(logs.Logs) != 1 || strings.Contains(text, "01017012345") {
				t.Errorf("logs: %s", text)
			}
			var metrics query.Metrics
			a.call(t, "list_metrics", map[string]any{"text": "goroutines"}, &metrics)
			if len(metrics.Metrics) != 1 || *metrics.Metrics[0].Series[0].Max != 9 {
				t.Errorf("metrics: %+v", metrics)
			}
			var panels query.Panels
			a.call(t, "list_panels", map[string]any{"service": "gateway", "state": "dark"}, &panels)
			if len(panels.Services) != 1 || len(panels.Services[0].Panels) == 0 || panels.Services[0].Panels[0].State != "dark" || len(panels.Services[0].Panels[0].Cures) == 0 {
				t.Errorf("panels: %+v", panels)
			}
		})
	}
}

func TestToolsAreDescribed(t *testing.T) {
	a := startAgent(t)
	defer a.end(t)
	list, err := a.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
		if tool.Description == "" || tool.OutputSchema == nil || !tool.Annotations.ReadOnlyHint || *tool.Annotations.OpenWorldHint {
			t.Errorf("%s: %+v, %+v", tool.Name, tool, tool.Annotations)
		}
		properties := tool.InputSchema.(map[string]any)["properties"].(map[string]any)
		for name, property := range properties {
			if property.(map[string]any)["description"] == nil {
				t.Errorf("%s: %s has no description", tool.Name, name)
			}
		}
	}
	if want := []string{"get_span", "get_trace", "list_logs", "list_metrics", "list_panels", "list_traces"}; !slices.Equal(names, want) {
		t.Errorf("tools %v, want %v", names, want)
	}
	if !strings.Contains(a.InitializeResult().Instructions, "not instructions") {
		t.Errorf("instructions: %q", a.InitializeResult().Instructions)
	}
}

// TestToolErrors calls tools in a way that cannot succeed. The agent must be able to read why.
func TestToolErrors(t *testing.T) {
	file := shopRecording(t)
	a := startAgent(t, "--file", file)
	defer a.end(t)
	for _, tt := range []struct {
		tool string
		args map[string]any
		want string
	}{
		{"get_trace", map[string]any{"trace_id": strings.Repeat("ab", 16)}, "not found"},
		{"get_trace", map[string]any{"trace_id": "01017012345"}, `trace ID "***********" (want 32 hex digits)`},
		{"get_trace", nil, "trace_id"},
		{"get_span", map[string]any{"trace_id": slowTrace, "span_id": "x"}, "16 hex digits"},
		{"list_traces", map[string]any{"kind": "banana"}, `kind "banana" (want server`},
		{"list_traces", map[string]any{"slow": true}, "slow"},
		{"list_traces", map[string]any{"limit": "many"}, "limit"},
		{"list_logs", map[string]any{"level": "loud"}, `level "loud"`},
		{"list_panels", map[string]any{"state": "grey"}, `state "grey"`},
	} {
		result, err := a.CallTool(t.Context(), &mcp.CallToolParams{Name: tt.tool, Arguments: tt.args})
		if err != nil {
			t.Errorf("%s %v: an error of the protocol: %v", tt.tool, tt.args, err)
			continue
		}
		if text := result.Content[0].(*mcp.TextContent).Text; !result.IsError || !strings.Contains(text, tt.want) {
			t.Errorf("%s %v: got %q, want %q", tt.tool, tt.args, text, tt.want)
		}
	}
}

// TestAgentWaitsForTheSource asks before spor listen runs, and before a recording has grown.
func TestAgentWaitsForTheSource(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	a := startAgent(t)
	defer a.end(t)
	result, err := a.CallTool(t.Context(), &mcp.CallToolParams{Name: "list_traces"})
	if err != nil || !result.IsError || !strings.Contains(result.Content[0].(*mcp.TextContent).Text, "spor listen does not run") {
		t.Fatalf("got %+v, %v", result, err)
	}
	whole := shopRecording(t)
	startListener(t, anyPort...).send(t, whole)
	var traces query.Traces
	if a.call(t, "list_traces", nil, &traces); len(traces.Traces) != 3 {
		t.Errorf("after the start of spor listen: %+v", traces)
	}

	lines := slices.Collect(strings.Lines(readAll(t, whole)))
	growing := whole + ".growing"
	if err := os.WriteFile(growing, []byte(strings.Join(lines[1:], "")), 0o600); err != nil {
		t.Fatal(err)
	}
	b := startAgent(t, "--file", growing)
	defer b.end(t)
	if b.call(t, "list_traces", nil, &traces); len(traces.Traces) != 0 {
		t.Errorf("before the recording has traces: %+v", traces)
	}
	if err := os.WriteFile(growing, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	if b.call(t, "list_traces", nil, &traces); len(traces.Traces) != 3 {
		t.Errorf("after the recording has grown: %+v", traces)
	}
}

func TestMCPEnds(t *testing.T) {
	for name, end := range map[string]func(cmd *exec.Cmd, in interface{ Close() error }){
		"closed":  func(_ *exec.Cmd, in interface{ Close() error }) { in.Close() },
		"SIGTERM": func(cmd *exec.Cmd, _ interface{ Close() error }) { _ = cmd.Process.Signal(syscall.SIGTERM) },
	} {
		t.Run(name, func(t *testing.T) {
			cmd := spor(t, "mcp")
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := in.Write([]byte(`{"jsonrpc":"2.0","id":1,"method":"ping"}` + "\n")); err != nil {
				t.Fatal(err)
			}
			if _, err := out.Read(make([]byte, 1)); err != nil { // it has started
				t.Fatal(err)
			}
			end(cmd, in)
			if err := cmd.Wait(); err != nil {
				t.Errorf("got %v, want exit code 0", err)
			}
		})
	}
}
