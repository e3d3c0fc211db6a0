//go:build unix

package main_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	main "github.com/nais/spor/cmd/spor"
	"github.com/nais/spor/internal/apm"
)

// hostile contains everything that must not be written to a terminal: escape sequences, C0 and
// C1 control characters, characters that change the direction of text, and line ends.
const hostile = "x\x1b[2J\x1b]0;title\a\x1bPq\x1b\\\x1b7\u009b31m\u009d0;t\u009c\u0085\u202e\u2066\u200f\u200b\b\a\v\f\x7f\u2028\u2029\r\nFORGED\x1b["

func checkScreen(t *testing.T, text string) {
	t.Helper()
	for i, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
			t.Errorf("%U in %q", r, text[max(0, i-40):min(len(text), i+20)])
			break
		}
	}
	if !utf8.ValidString(text) {
		t.Errorf("not UTF-8: %q", text)
	}
	if strings.Contains(text, "\nFORGED") {
		t.Errorf("the telemetry started a line of its own: %q", text)
	}
}

// sendHostile sends spans and writes lines. Every text in them is hostile.
func sendHostile() int {
	exporter, err := otlptracegrpc.New(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(resource.NewSchemaless(
		attribute.String("service.name", "svc"+hostile), attribute.String("service.namespace", hostile), attribute.String(hostile, hostile))))
	tracer := p.Tracer(hostile)
	ctx, server := tracer.Start(context.Background(), "GET /"+hostile+"/123456789", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("http.request.method", "GET"), attribute.String("http.route", hostile), attribute.String("url.path", hostile)))
	for i, key := range []string{"db.system", "db.name", "db.statement", "db.query.text", "peer.service", "server.address", "http.request.method", "rpc.system", "rpc.method", "rpc.service", "messaging.system", "messaging.destination.name", hostile} {
		for _, kind := range []trace.SpanKind{trace.SpanKindClient, trace.SpanKindProducer, trace.SpanKindConsumer, trace.SpanKindInternal} {
			_, span := tracer.Start(ctx, fmt.Sprint(hostile, i), trace.WithSpanKind(kind), trace.WithAttributes(
				attribute.String("db.system", "postgresql"), attribute.String("db.name", "svc"+hostile), attribute.String(key, hostile),
				attribute.String("fnr", "01017012345"), attribute.String(hostile, "01017012345")))
			span.RecordError(fmt.Errorf("%s", hostile))
			span.SetStatus(codes.Error, hostile)
			span.End()
		}
	}
	server.End()
	fmt.Printf("{\"level\":%q,\"message\":%q,\"fnr\":\"01017012345\"}\n%s\n", "hostile", "a\u202e\u009b", hostile)
	return shutdown(p)
}

func TestNothingHostileReachesTheTerminal(t *testing.T) {
	dir := t.TempDir()
	recorded, broken := filepath.Join(dir, "rec"+hostile), filepath.Join(dir, "broken"+hostile)
	finish(t, spor(t, running("hostile", "--record", recorded)...))
	if err := os.WriteFile(broken, []byte(hostile+"\n{\"resourceSpans\":"+hostile), 0o600); err != nil {
		t.Fatal(err)
	}
	other, budget := filepath.Join(dir, "other"), filepath.Join(dir, "budget"+hostile)
	finish(t, spor(t, running("traces", "--record", other)...))
	if err := os.WriteFile(budget, []byte(`{"x": {"p95\u001b[31m\u202e": 1}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(pairs ...string) []string { return pairs }
	for name, tt := range map[string]struct {
		args, env []string
		passes    bool // stdout contains the command's own output, unchanged
	}{
		"unknown command":    {args: []string{hostile}},
		"unknown flag":       {args: []string{"-" + hostile}},
		"help":               {args: []string{"help", hostile}},
		"version":            {args: []string{"version", hostile}},
		"run":                {args: running("hostile"), passes: true},
		"run, no spans":      {args: running("exit", "--env", "OTEL_TRACES_EXPORTER="+hostile, "--env", "OTEL_TRACES_SAMPLER="+hostile+"always_off")},
		"run, no program":    {args: []string{"run", "--", dir + "/no" + hostile}},
		"run, not a program": {args: []string{"run", "--name", "x", "--", broken}},
		"run, flag":          {args: []string{"run", "--no" + hostile, "--", "true"}},
		"run, name":          {args: []string{"run", "--name", hostile, "--", "true"}},
		"run, namespace":     {args: []string{"run", "--namespace", hostile, "--", "true"}},
		"run, env":           {args: []string{"run", "--env", hostile, "--", "true"}},
		"run, ui":            {args: []string{"run", "--ui=" + hostile, "--", "true"}},
		"run, record":        {args: []string{"run", "--record", dir + "/none/" + hostile, "--", "true"}},
		"check":              {args: []string{"check", recorded}},
		"check, broken":      {args: []string{"check", broken}},
		"check, no file":     {args: []string{"check", dir + "/no" + hostile}},
		"check, format":      {args: []string{"check", "--format", hostile, recorded}},
		"check, for":         {args: []string{"check", "--for", hostile, recorded}},
		"check, command":     {args: []string{"check", "--env", roleKey + "=exit", "--name", "x@\u202e\u009b", "--", os.Args[0]}},
		"diff, new":          {args: []string{"diff", other, recorded}},
		"diff, gone":         {args: []string{"diff", recorded, other}},
		"diff, json":         {args: []string{"diff", "--format", "json", recorded, other}},
		"diff, broken":       {args: []string{"diff", broken, other}},
		"diff, no file":      {args: []string{"diff", dir + "/no" + hostile, other}},
		"diff, budget":       {args: []string{"diff", "--budget", budget, other}},
		"diff, one":          {args: []string{"diff", hostile}},
		"view, broken":       {args: []string{"view", broken}},
		"view, no file":      {args: []string{"view", dir + "/no" + hostile}},
		"view, ui":           {args: []string{"view", "--ui", hostile, recorded}},
		"view, flag":         {args: []string{"view", "--" + hostile}},
		"doctor, argument":   {args: []string{"doctor", hostile}},
		"doctor, flag":       {args: []string{"doctor", "--pid", hostile}},
		"doctor, format":     {args: []string{"doctor", "--format", hostile}},
		"doctor": {args: []string{"doctor", "--all", "--timeout", "1s"}, env: env(
			"OTEL_EXPORTER_OTLP_ENDPOINT=http://"+hostile+":4317", "OTEL_TRACES_SAMPLER="+hostile, "OTEL_TRACES_SAMPLER_ARG="+hostile,
			"OTEL_PROPAGATORS="+hostile, "OTEL_RESOURCE_ATTRIBUTES=a="+hostile, "OTEL_SERVICE_NAME="+hostile, "NAIS_APP_IMAGE="+hostile)},
		"doctor, exporter": {args: []string{"doctor"}, env: env("OTEL_TRACES_EXPORTER="+hostile, "OTEL_EXPORTER_OTLP_HEADERS="+hostile, "NAIS_CLUSTER_NAME="+hostile)},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := spor(t, tt.args...)
			cmd.Env = append(cmd.Env, tt.env...)
			got := finish(t, cmd)
			if got.stdout+got.stderr == "" {
				t.Error("nothing was printed")
			}
			checkScreen(t, got.stderr)
			if !tt.passes {
				checkScreen(t, got.stdout)
			}
		})
	}
}

func TestNoTextOfAReportReachesTheTerminalAsItIs(t *testing.T) {
	for _, state := range []apm.State{apm.Lit, apm.Dark, apm.NotUsed, ""} {
		var r apm.Report
		fill(reflect.ValueOf(&r).Elem())
		if state != "" {
			r.Panels[0].State = state
		}
		var out bytes.Buffer
		main.PrintTable(&out, r)
		text := out.String()
		for _, color := range main.Colors {
			text = strings.ReplaceAll(text, color, "")
		}
		checkScreen(t, text)
	}
	var out bytes.Buffer
	if err := main.PrintDiagnosis(&out, hostile); err != nil {
		t.Fatal(err)
	}
	checkScreen(t, out.String())
}

func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(hostile)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field)
		}
	default:
	}
}
