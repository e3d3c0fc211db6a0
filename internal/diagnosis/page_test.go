package diagnosis_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nais/spor/internal/diagnosis"
)

var (
	signalName   = regexp.MustCompile(`^OTEL_EXPORTER_(OTLP_)?(TRACES|METRICS|LOGS)_(ENDPOINT|PROTOCOL|HEADERS|TIMEOUT|COMPRESSION|INSECURE|CERTIFICATE|CLIENT_CERTIFICATE|CLIENT_KEY)$`)
	row          = regexp.MustCompile("(?m)^\\| `([A-Z_*]+)` \\| ([^|]*) \\|")
	codeOfColumn = regexp.MustCompile("^`([^`]*)`$")
)

// TestEnvironmentPage checks that docs/environment.md lists exactly the variables that
// setup reads. It also checks the defaults that the page shows in backquotes: setup must
// use them if the variables are unset.
func TestEnvironmentPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/environment.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, found := range row.FindAllStringSubmatch(string(page), -1) {
		if _, twice := documented[found[1]]; twice {
			t.Errorf("%s has two rows", found[1])
		}
		documented[found[1]] = found[2]
	}

	read := map[string]bool{"NAIS_DATABASE_*_DATABASE": true} // a pattern for several names
	for _, environment := range []map[string]string{
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317", "OTEL_LOGS_EXPORTER": "otlp", "OTEL_TRACES_SAMPLER": "traceidratio"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector:4317"},
		{"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_EXPORTER_PROMETHEUS_PORT": "1"},
	} {
		for _, v := range reportOf(environment).Variables {
			read[signalName.ReplaceAllString(v.Name, "OTEL_EXPORTER_${1}${3}")] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(read)) {
		if _, found := documented[name]; !found {
			t.Errorf("%s is read, and has no row", name)
		}
	}
	for name := range documented {
		if !read[name] {
			t.Errorf("%s has a row, and is not read", name)
		}
	}
	checkDefaults(t, documented)
}

// checkDefaults compares the defaults on the page with the values that setup uses when the
// environment sets an endpoint but none of the other variables.
func checkDefaults(t *testing.T, documented map[string]string) {
	t.Helper()
	effective := map[string]string{}
	for _, v := range reportOf(map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317", "OTEL_LOGS_EXPORTER": "otlp"}).Variables {
		effective[signalName.ReplaceAllString(v.Name, "OTEL_EXPORTER_${1}${3}")] = v.Effective
	}
	effective["OTEL_LOGS_EXPORTER"] = reportOf(nil).Logs.Exporter
	compared := 0
	for name, column := range documented {
		code := codeOfColumn.FindStringSubmatch(column)
		if code == nil || effective[name] == "" {
			continue
		}
		compared++
		if !sameDefault(effective[name], code[1]) {
			t.Errorf("%s: the page has the default %q, setup uses %q", name, code[1], effective[name])
		}
	}
	if compared < 25 {
		t.Errorf("compared only %d defaults", compared)
	}
}

// sameDefault reports whether effective and documented mean the same value. documented is a
// name from the specification, and effective is the description of the same value in the
// SDK.
func sameDefault(effective, documented string) bool {
	described := map[string]string{
		"parentbased_always_on": "ParentBased{root:AlwaysOnSampler}",
		"tracecontext,baggage":  "traceparent,tracestate,baggage",
	}
	want, is := described[documented]
	if !is {
		want = documented
	}
	return strings.EqualFold(effective, want)
}

func reportOf(environment map[string]string) *diagnosis.Report {
	var all []string
	for name, value := range environment {
		all = append(all, name+"="+value)
	}
	return diagnosis.Read(func(name string) string { return environment[name] }, all)
}
