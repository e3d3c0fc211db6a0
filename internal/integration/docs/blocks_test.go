package docs_test

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The variable packages lists the packages that a code block in a page can use without an import.
// The key is the name of the package in the block, and the value is the import path.
var packages = map[string]string{
	"attribute":       "go.opentelemetry.io/otel/attribute",
	"chi":             "github.com/go-chi/chi/v5",
	"chitrace":        "github.com/nais/spor/httptrace/chitrace",
	"codes":           "google.golang.org/grpc/codes",
	"connect":         "connectrpc.com/connect",
	"context":         "context",
	"echo":            "github.com/labstack/echo/v4",
	"echo5":           "github.com/labstack/echo/v5",
	"echotrace":       "github.com/nais/spor/httptrace/echotrace",
	"echotrace5":      "github.com/nais/spor/httptrace/echotrace5",
	"errors":          "errors",
	"fmt":             "fmt",
	"gin":             "github.com/gin-gonic/gin",
	"gintrace":        "github.com/nais/spor/httptrace/gintrace",
	"grpc":            "google.golang.org/grpc",
	"grpctrace":       "github.com/nais/spor/grpctrace",
	"http":            "net/http",
	"httprouter":      "github.com/julienschmidt/httprouter",
	"httproutertrace": "github.com/nais/spor/httptrace/httproutertrace",
	"httptrace":       "github.com/nais/spor/httptrace",
	"kafka":           "github.com/segmentio/kafka-go",
	"kafkagotrace":    "github.com/nais/spor/kafkatrace/kafkagotrace",
	"kafkatrace":      "github.com/nais/spor/kafkatrace",
	"kgo":             "github.com/twmb/franz-go/pkg/kgo",
	"kgotrace":        "github.com/nais/spor/kafkatrace/kgotrace",
	"klog":            "k8s.io/klog/v2",
	"logf":            "sigs.k8s.io/controller-runtime/pkg/log",
	"logrtrace":       "github.com/nais/spor/setup/logrtrace",
	"logrus":          "github.com/sirupsen/logrus",
	"logrustrace":     "github.com/nais/spor/setup/logrustrace",
	"mux":             "github.com/gorilla/mux",
	"muxtrace":        "github.com/nais/spor/httptrace/muxtrace",
	"netip":           "net/netip",
	"opentelemetry":   "google.golang.org/grpc/stats/opentelemetry",
	"os":              "os",
	"otel":            "go.opentelemetry.io/otel",
	"otelcodes":       "go.opentelemetry.io/otel/codes",
	"otelhttp":        "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
	"pgxpool":         "github.com/jackc/pgx/v5/pgxpool",
	"pgxtrace":        "github.com/nais/spor/sqltrace/pgxtrace",
	"protoreflect":    "google.golang.org/protobuf/reflect/protoreflect",
	"sarama":          "github.com/IBM/sarama",
	"reconcile":       "sigs.k8s.io/controller-runtime/pkg/reconcile",
	"saramatrace":     "github.com/nais/spor/kafkatrace/saramatrace",
	"semconv":         "go.opentelemetry.io/otel/semconv/v1.43.0",
	"setup":           "github.com/nais/spor/setup",
	"signal":          "os/signal",
	"slog":            "log/slog",
	"sql":             "database/sql",
	"sqltrace":        "github.com/nais/spor/sqltrace",
	"syscall":         "syscall",
	"time":            "time",
	"trace":           "go.opentelemetry.io/otel/trace",
	"zap":             "go.uber.org/zap",
	"zaptrace":        "github.com/nais/spor/setup/zaptrace",
	"zerolog":         "github.com/rs/zerolog",
	"zerologtrace":    "github.com/nais/spor/setup/zerologtrace",
}

// TestBlocks compiles every block of Go code in every page. For a block with a diff, it
// compiles the new code. A comment <!-- given: name type, name type --> before a block
// declares the variables that the block uses. The variable ctx is always declared.
func TestBlocks(t *testing.T) {
	var blocks []block
	for _, path := range pages(t) {
		blocks = append(blocks, blocksOf(t, path)...)
	}
	compile(t, blocks)
}

func compile(t *testing.T, blocks []block) {
	t.Helper()
	if len(blocks) == 0 {
		t.Fatal("no blocks")
	}
	files := token.NewFileSet()
	load := importer.ForCompiler(files, "gc", exported(t, slices.Sorted(maps.Values(packages))))
	for _, b := range blocks {
		file, err := parser.ParseFile(files, b.place, b.source(), 0)
		if err != nil {
			t.Errorf("%v\n%s", err, b.source())
			continue
		}
		check := types.Config{Importer: load, Error: func(err error) {
			var e types.Error
			if e = err.(types.Error); !e.Soft { //nolint:errorlint,forcetypeassert // types.Config documents this type
				t.Errorf("%s: %s", b.place, e.Msg)
			}
		}}
		_, _ = check.Check("p", files, []*ast.File{file}, nil)
	}
}

func pages(tb testing.TB) (paths []string) {
	tb.Helper()
	for _, pattern := range []string{"../../../*.md", "../../../docs/*.md", "../../../examples/*/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			tb.Fatal(err)
		}
		paths = append(paths, found...)
	}
	return paths
}

type block struct {
	place string // the name of the page and the line, as page:line
	given string
	text  string
}

var (
	fence = regexp.MustCompile("(?m)^```(go|diff)\n((?s:.*?))^```$")
	given = regexp.MustCompile(`<!-- given: (.*) -->\n+$`)
)

func blocksOf(tb testing.TB, path string) (blocks []block) {
	tb.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	text := string(raw)
	for _, at := range fence.FindAllStringSubmatchIndex(text, -1) {
		b := block{
			place: fmt.Sprintf("%s:%d", filepath.Base(path), 1+strings.Count(text[:at[0]], "\n")),
			text:  text[at[4]:at[5]],
		}
		if match := given.FindStringSubmatch(text[:at[0]]); match != nil {
			b.given = match[1]
		}
		if text[at[2]:at[3]] == "diff" {
			b.text = after(b.text)
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// The function after returns the new code in a diff: all lines except the deleted lines.
func after(diff string) string {
	var kept strings.Builder
	for line := range strings.Lines(diff) {
		if !strings.HasPrefix(line, "-") {
			kept.WriteString(strings.TrimPrefix(line, "+"))
		}
	}
	return kept.String()
}

// source returns the block as the text of a Go file. If the block has no package clause, no
// imports or no function, source adds them.
func (b block) source() string {
	if strings.HasPrefix(b.text, "package ") {
		return b.text
	}
	text := b.text
	if !declares.MatchString(text) {
		text = "func _(ctx context.Context, " + b.given + ") error {\n" + text + "\nreturn nil\n}\n"
	}
	var source strings.Builder
	source.WriteString("package p\n")
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		if regexp.MustCompile(`\b` + name + `\.[A-Z]`).MatchString(text) {
			fmt.Fprintf(&source, "import %s %q\n", name, packages[name])
		}
	}
	return source.String() + text
}

var declares = regexp.MustCompile(`(?m)^(func|type|import) `)

// The function exported returns a function that opens the compiler's export data of a package.
// The returned function can open the data of the packages in paths and of their dependencies.
func exported(tb testing.TB, paths []string) importer.Lookup {
	tb.Helper()
	args := append([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}"}, paths...)
	out, err := exec.CommandContext(tb.Context(), "go", args...).Output()
	if err != nil {
		tb.Fatal(err)
	}
	where := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		where[path] = file
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(where[path]) }
}
