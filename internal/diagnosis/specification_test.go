package diagnosis_test

import (
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nais/spor/internal/diagnosis"
)

// The kinds of variables in the specification. A count is an integer, and a size is an integer
// that must be positive.
const (
	text     = "text"
	boolean  = "boolean"
	enum     = "enum"
	size     = "size"
	count    = "count"
	duration = "duration"
	interval = "interval" // a duration whose shortest value is 1 ms, because the SDK refuses 0
	timeout  = "timeout"
	ratio    = "ratio"
	port     = "port"
)

// A specified variable is a row of the specification.
type specified struct{ kind, standard, words string }

// specification contains the variables of the OpenTelemetry specification 1.60.0. It is a copy of
// the tables in configuration/sdk-environment-variables.md, metrics/sdk_exporters/otlp.md and
// protocol/exporter.md. The options of OTLP are added by init.
var specification = map[string]specified{
	"OTEL_SDK_DISABLED":                                        {boolean, "false", "true false"},
	"OTEL_ENTITIES":                                            {text, "", ""},
	"OTEL_RESOURCE_ATTRIBUTES":                                 {text, "", ""},
	"OTEL_SERVICE_NAME":                                        {text, "", ""},
	"OTEL_LOG_LEVEL":                                           {enum, "info", ""},
	"OTEL_PROPAGATORS":                                         {enum, "tracecontext,baggage", "tracecontext baggage b3 b3multi jaeger xray ottrace none"},
	"OTEL_TRACES_SAMPLER":                                      {enum, "parentbased_always_on", "always_on always_off traceidratio parentbased_always_on parentbased_always_off parentbased_traceidratio parentbased_jaeger_remote jaeger_remote xray"},
	"OTEL_TRACES_SAMPLER_ARG":                                  {ratio, "1", ""},
	"OTEL_BSP_SCHEDULE_DELAY":                                  {duration, "5000", ""},
	"OTEL_BSP_EXPORT_TIMEOUT":                                  {timeout, "30000", ""},
	"OTEL_BSP_MAX_QUEUE_SIZE":                                  {size, "2048", ""},
	"OTEL_BSP_MAX_EXPORT_BATCH_SIZE":                           {size, "512", ""},
	"OTEL_BLRP_SCHEDULE_DELAY":                                 {duration, "1000", ""},
	"OTEL_BLRP_EXPORT_TIMEOUT":                                 {timeout, "30000", ""},
	"OTEL_BLRP_MAX_QUEUE_SIZE":                                 {size, "2048", ""},
	"OTEL_BLRP_MAX_EXPORT_BATCH_SIZE":                          {size, "512", ""},
	"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT":                        {count, "no limit", ""},
	"OTEL_ATTRIBUTE_COUNT_LIMIT":                               {count, "128", ""},
	"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT":                   {count, "no limit", ""},
	"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT":                          {count, "128", ""},
	"OTEL_SPAN_EVENT_COUNT_LIMIT":                              {count, "128", ""},
	"OTEL_SPAN_LINK_COUNT_LIMIT":                               {count, "128", ""},
	"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT":                         {count, "128", ""},
	"OTEL_LINK_ATTRIBUTE_COUNT_LIMIT":                          {count, "128", ""},
	"OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT":              {count, "no limit", ""},
	"OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT":                     {count, "128", ""},
	"OTEL_EXPORTER_ZIPKIN_ENDPOINT":                            {text, "", ""},
	"OTEL_EXPORTER_ZIPKIN_TIMEOUT":                             {timeout, "10000", ""},
	"OTEL_EXPORTER_ZIPKIN_PROTOCOL":                            {text, "", ""},
	"OTEL_EXPORTER_PROMETHEUS_HOST":                            {text, "localhost", ""},
	"OTEL_EXPORTER_PROMETHEUS_PORT":                            {port, "9464", ""},
	"OTEL_TRACES_EXPORTER":                                     {enum, "otlp", "otlp zipkin console logging none otlp/stdout"},
	"OTEL_METRICS_EXPORTER":                                    {enum, "otlp", "otlp prometheus console logging none otlp/stdout"},
	"OTEL_LOGS_EXPORTER":                                       {enum, "otlp", "otlp console logging none otlp/stdout"},
	"OTEL_METRICS_EXEMPLAR_FILTER":                             {enum, "trace_based", "always_on always_off trace_based"},
	"OTEL_METRIC_EXPORT_INTERVAL":                              {interval, "60000", ""},
	"OTEL_METRIC_EXPORT_TIMEOUT":                               {timeout, "30000", ""},
	"OTEL_CONFIG_FILE":                                         {text, "", ""},
	"OTEL_EXPERIMENTAL_CONFIG_FILE":                            {text, "", ""},
	"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE":        {enum, "cumulative", "cumulative delta lowmemory"},
	"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": {enum, "explicit_bucket_histogram", "explicit_bucket_histogram base2_exponential_bucket_histogram"},
	"OTEL_EXPORTER_OTLP_SPAN_INSECURE":                         {boolean, "false", ""},
	"OTEL_EXPORTER_OTLP_METRIC_INSECURE":                       {boolean, "false", ""},
}

func init() {
	for option, s := range map[string]specified{
		"ENDPOINT": {text, "", ""}, "INSECURE": {boolean, "false", "true"}, "CERTIFICATE": {text, "", ""},
		"CLIENT_KEY": {text, "", ""}, "CLIENT_CERTIFICATE": {text, "", ""}, "HEADERS": {text, "", ""},
		"COMPRESSION": {enum, "none", "none gzip"}, "TIMEOUT": {timeout, "10000", ""},
		"PROTOCOL": {enum, "http/protobuf", "grpc http/protobuf http/json"},
	} {
		for _, signal := range []string{"", "TRACES_", "METRICS_", "LOGS_"} {
			specification["OTEL_EXPORTER_OTLP_"+signal+option] = s
		}
	}
}

const notSupported = "not supported"

// with returns the report for an environment that exports every signal and sets one more
// variable.
func with(name, value string) *diagnosis.Report {
	environment := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317", "OTEL_LOGS_EXPORTER": "otlp", name: value}
	switch name {
	case "OTEL_EXPORTER_PROMETHEUS_HOST", "OTEL_EXPORTER_PROMETHEUS_PORT":
		environment["OTEL_METRICS_EXPORTER"] = "prometheus"
	case "OTEL_TRACES_SAMPLER_ARG":
		environment["OTEL_TRACES_SAMPLER"] = "traceidratio"
	}
	return reportOf(environment)
}

// effective returns the effective value of a variable, and reports whether the variable is read.
func effective(r *diagnosis.Report, name string) (value string, read bool) {
	for _, v := range r.Variables {
		if v.Name == name {
			return v.Effective, true
		}
	}
	return "", false
}

func names() []string { return slices.Sorted(maps.Keys(specification)) }

// pageName returns the name that has the row for name on the page.
func pageName(name string) string { return signalName.ReplaceAllString(name, "OTEL_EXPORTER_${1}${3}") }

// TestEveryVariableOfTheSpecificationHasARow checks that each variable is read, or has no effect
// and is named with a cure if it is set, and that the page and spor doctor say the same.
func TestEveryVariableOfTheSpecificationHasARow(t *testing.T) {
	page, err := os.ReadFile("../../docs/environment.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, found := range row.FindAllStringSubmatch(string(page), -1) {
		rows[found[1]] = found[2]
	}
	for _, name := range names() {
		column, found := rows[pageName(name)]
		if !found {
			t.Errorf("%s has no row", name)
		}
		r := with(name, "\u00e6") // valid for no variable, except for a text
		value, read := effective(r, name)
		if !read {
			t.Errorf("%s is not read", name)
		}
		if (value == notSupported) != (column == notSupported) {
			t.Errorf("%s: spor doctor prints %q, the page %q", name, value, column)
		}
		if kind := specification[name].kind; kind != text || column == notSupported {
			mustBeNamed(t, r, name)
		}
	}
	for name, column := range rows {
		if _, found := specification[name]; !found && column == notSupported {
			t.Errorf("%s is not in the specification", name)
		}
	}
	if n := len(regexp.MustCompile(`\| not supported \|`).FindAll(page, -1)); n < 9 {
		t.Errorf("%d rows are not supported", n)
	}
}

// mustBeNamed checks that r has one problem, with the name of the variable and a cure.
func mustBeNamed(t *testing.T, r *diagnosis.Report, name string) {
	t.Helper()
	if len(r.Problems) != 1 || !strings.HasPrefix(r.Problems[0], name+" ") {
		t.Errorf("%s: got the problems %q, want one", name, r.Problems)
		return
	}
	if !regexp.MustCompile(`\((use|set|rename|remove|write) |want `).MatchString(r.Problems[0]) {
		t.Errorf("%q has no cure", r.Problems[0])
	}
}

// TestDefaultsOfTheSpecification checks that the page lists the defaults that differ from the
// specification, and no others.
func TestDefaultsOfTheSpecification(t *testing.T) {
	page, err := os.ReadFile("../../docs/environment.md")
	if err != nil {
		t.Fatal(err)
	}
	differ := map[string][2]string{}
	for _, found := range regexp.MustCompile("(?m)^- `([A-Z_]+)`: (.*) instead of ([^,]*),").FindAllStringSubmatch(string(page), -1) {
		differ[found[1]] = [2]string{found[2], found[3]}
	}
	for _, found := range row.FindAllStringSubmatch(string(page), -1) {
		name, column := found[1], strings.Trim(found[2], "`")
		s, is := specification[name]
		if !is || s.kind == text || column == notSupported {
			continue
		}
		pair, listed := differ[name]
		switch delete(differ, name); {
		case !listed && column != s.standard:
			t.Errorf("%s: the default is %s instead of %s, and the page does not list it", name, column, s.standard)
		case listed && (pair != [2]string{column, s.standard} || column == s.standard):
			t.Errorf("%s: the page lists %q, want %s instead of %s", name, pair, column, s.standard)
		}
	}
	if len(differ) > 0 {
		t.Errorf("the page lists %v, which are no variables of the specification", differ)
	}
}

// TestWordsOfTheSpecification checks each word that the specification defines for a variable, in
// several spellings. The words that are accepted are exactly the words in backquotes in the row
// of the page.
func TestWordsOfTheSpecification(t *testing.T) {
	page, err := os.ReadFile("../../docs/environment.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names() {
		line := regexp.MustCompile("(?m)^\\| `" + pageName(name) + "` .*$").FindString(string(page))
		for word := range strings.FieldsSeq(specification[name].words) {
			plain := with(name, word)
			accepted := len(plain.Problems) == 0
			if documented := strings.Contains(line, "`"+word+"`") || parentBased(line, word); documented != accepted {
				t.Errorf("%s=%s: accepted: %t, on the page: %t", name, word, accepted, documented)
			}
			if !accepted {
				mustBeNamed(t, plain, name)
			}
			for _, spelling := range []string{strings.ToUpper(word), strings.ToUpper(word[:1]) + word[1:], " " + word + "\t"} {
				r := with(name, spelling)
				got, _ := effective(r, name)
				want, _ := effective(plain, name)
				if got != want || len(r.Problems) != len(plain.Problems) {
					t.Errorf("%s=%q: got %q, %q, want the same as for %q: %q", name, spelling, got, r.Problems, word, want)
				}
				if !accepted && !strings.Contains(r.Problems[0], strconv.Quote(strings.TrimSpace(spelling))) {
					t.Errorf("%s=%q: %q does not repeat the value", name, spelling, r.Problems)
				}
			}
		}
	}
}

// parentBased reports whether the row describes word by its prefix.
func parentBased(line, word string) bool {
	root, is := strings.CutPrefix(word, "parentbased_")
	return is && strings.Contains(line, "with `parentbased_` before it") && strings.Contains(line, "`"+root+"`")
}

// TestNumbersOfTheSpecification checks the lowest and the highest valid number of each variable,
// and the numbers outside them.
func TestNumbersOfTheSpecification(t *testing.T) {
	highest := strconv.Itoa(math.MaxInt32)
	checked := 0
	for _, name := range names() {
		standard, _ := effective(with(name, ""), name)
		if standard == notSupported {
			continue
		}
		// The map contains the effective value for each accepted value.
		accepted := map[string]map[string]string{
			duration: {"0": "1", "1": "1", "3600001": "3600001", highest: highest},
			interval: {"1": "1", "3600001": "3600001", highest: highest},
			timeout:  {"0": highest, "1": "1", "3600001": "3600001", highest: highest},
			count:    {"0": "0", "1": "1", highest: highest},
			size:     {"1": "1", "1048577": "1048577", highest: highest},
			port:     {"1": "1", "65535": "65535"},
		}[specification[name].kind]
		if accepted == nil {
			continue
		}
		checked++
		for value, want := range accepted {
			checkAccepted(t, name, value, want)
		}
		for _, value := range []string{"-1", "2147483648", "99999999999999999999", "1.5", "1e3", "0x10", "x", "1 s", "\u0663"} {
			mustBeNamed(t, with(name, value), name)
		}
		if _, zero := accepted["0"]; !zero {
			mustBeNamed(t, with(name, "0"), name)
		}
		if got, _ := effective(with(name, "-1"), name); standard != "" && got != standard {
			t.Errorf("%s=-1: got %s, want the default %s", name, got, standard)
		}
	}
	if checked != 25 {
		t.Errorf("checked %d variables, want 25", checked)
	}
}

func TestRatiosOfTheSpecification(t *testing.T) {
	const name = "OTEL_TRACES_SAMPLER_ARG"
	for value, want := range map[string]string{"": "1", "0": "0", "1": "1", "0.25": "0.25", "1e-3": "0.001"} {
		if r := with(name, value); len(r.Problems) > 0 || r.Sampler != "TraceIDRatioBased{"+want+"}" {
			t.Errorf("%s=%s: got %s, %q", name, value, r.Sampler, r.Problems)
		}
	}
	for _, value := range []string{"-0.1", "1.1", "100", "NaN", "Inf", "x"} {
		mustBeNamed(t, with(name, value), name)
	}
}

// TestTypos checks that a name with one wrong letter is reported without its value, and that no
// valid name is reported.
func TestTypos(t *testing.T) {
	for typo, name := range map[string]string{
		"OTEL_METRICS_EXPORT_INTERVAL": "OTEL_METRIC_EXPORT_INTERVAL", "OTEL_TRACE_SAMPLER": "OTEL_TRACES_SAMPLER",
		"OTEL_EXPORTER_OTLP_HEADER": "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OLTP_ENDPOINT": "OTEL_EXPORTER_OTLP_ENDPOINT",
		"OTEL_SERVICE_NAMe": "OTEL_SERVICE_NAME", "OTEL_EXPORTER_OTLP_METRIC_HEADERS": "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
	} {
		r := with(typo, "hunter2")
		if len(r.Problems) != 1 || !strings.HasPrefix(r.Problems[0], typo+": ") || !strings.Contains(r.Problems[0], "rename it to "+name+",") {
			t.Errorf("%s: got %q", typo, r.Problems)
		}
		if printed := fmt.Sprint(r.Problems, r.Variables); strings.Contains(printed, "hunter2") {
			t.Errorf("%s: the value is printed: %s", typo, printed)
		}
		if r := with(typo, ""); len(r.Problems) > 0 {
			t.Errorf("%s is empty: got %q", typo, r.Problems)
		}
	}
	others := append(names(), "OTEL_GO_X_OBSERVABILITY", "OTEL_GO_X_CARDINALITY_LIMIT", "OTEL_RESOURCE_ATTRIBUTES_POD_NAME", "OTEL_RESOURCE_ATTRIBUTES_NODE_NAME",
		"OTEL_RESOURCE_ATTRIBUTES_POD_UID", "OTEL_POD_IP", "OTEL_NODE_IP", "OTEL_RESOURCE_PROVIDERS_GCP_ENABLED", "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST",
		"OTEL_JAVAAGENT_ENABLED", "OTEL_PYTHON_LOG_LEVEL", "OTEL_NODE_RESOURCE_DETECTORS", "OTEL_DOTNET_AUTO_HOME", "OTEL_PHP_AUTOLOAD_ENABLED", "OTEL_RUBY_INSTRUMENTATION_RACK_ENABLED",
		"OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT", "OTEL_EXPORTER_JAEGER_ENDPOINT", "OTEL_SEMCONV_STABILITY_OPT_IN", "OTEL_TRACES_EXPORTER", "OTEL")
	for _, environment := range []map[string]string{{}, {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector"}} {
		for _, name := range others {
			environment := maps.Clone(environment)
			if _, set := environment[name]; set {
				continue
			}
			environment[name] = "x"
			for _, problem := range reportOf(environment).Problems {
				if strings.Contains(problem, "rename it to") && !strings.Contains(problem, "obsolete") {
					t.Errorf("%s: got %q", name, problem)
				}
			}
		}
	}
}

// checkAccepted checks that value is accepted, and which value is used.
func checkAccepted(t *testing.T, name, value, want string) {
	t.Helper()
	environment := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317", "OTEL_LOGS_EXPORTER": "otlp", name: value}
	switch {
	case strings.HasSuffix(name, "BATCH_SIZE"): // a batch must not be larger than the queue
		environment[strings.TrimSuffix(name, "EXPORT_BATCH_SIZE")+"QUEUE_SIZE"] = value
	case specification[name].kind == port:
		environment["OTEL_METRICS_EXPORTER"] = "prometheus"
	}
	r := reportOf(environment)
	if len(r.Problems) > 0 {
		t.Errorf("%s=%s: got the problems %q", name, value, r.Problems)
	}
	got, _ := effective(r, name)
	n, err := strconv.Atoi(got)
	if isQueueOfRecords := strings.HasPrefix(name, "OTEL_BLRP_MAX"); isQueueOfRecords && value != "1" {
		if err != nil || n < 2048 || n > 1<<20 { // shortened to what fits in the memory
			t.Errorf("%s=%s: got %s", name, value, got)
		}
		return
	}
	if got != want {
		t.Errorf("%s=%s: got %q, want %q", name, value, got, want)
	}
}
