package docs_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// tableGiven declares the variables that the code in the README's table uses. Each key is
// the text in the first column of a row.
var tableGiven = map[string]string{
	"`net/http` server":  "server *http.Server, mux *http.ServeMux",
	"`net/http` client":  "client *http.Client",
	"chi":                "r chi.Router",
	"gin":                "r *gin.Engine",
	"echo v4":            "e *echo.Echo",
	"echo v5":            "e *echo5.Echo",
	"httprouter":         "server *http.Server, r *httprouter.Router",
	"gorilla/mux":        "server *http.Server, r *mux.Router",
	"gRPC server":        "opts []grpc.ServerOption",
	"gRPC client":        "target string, opts []grpc.DialOption",
	"`database/sql`":     "",
	"pgx v5":             "",
	"franz-go":           "opts []kgo.Opt, record *kgo.Record, handle func(context.Context) error",
	"sarama":             "brokers []string, config *sarama.Config, message *sarama.ProducerMessage, session sarama.ConsumerGroupSession, received *sarama.ConsumerMessage, handle func(context.Context) error",
	"segmentio/kafka-go": "err error, config kafka.ReaderConfig, message kafka.Message, handle func(context.Context) error",
	"slog":               "",
	"logrus":             "",
	"zap":                "",
	"zerolog":            "",

	"logr, controller-runtime": "",
	"klog":                     "",
}

// row matches a row of the table. Its three groups match the three cells: the library,
// the import and the code lines.
var row = regexp.MustCompile("(?m)^\\| (.+) \\| `github.com/nais/spor/(.+)` \\| (.+) \\|$")

// TestTable compiles the code lines in the README's table, and checks the import of each
// row.
func TestTable(t *testing.T) {
	page, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []block
	for _, match := range row.FindAllStringSubmatch(string(page), -1) {
		use, path, lines := match[1], match[2], code.FindAllStringSubmatch(match[3], -1)
		given, known := tableGiven[use]
		if !known {
			t.Errorf("%s: the row is not in tableGiven; add the variables of its lines there", use)
		}
		b := block{place: use, given: given}
		for _, line := range lines {
			b.text += strings.ReplaceAll(line[1], "{…}", "{}") + "\n"
		}
		if name := path[strings.LastIndexByte(path, '/')+1:]; !strings.Contains(b.text, name+".") || packages[name] != "github.com/nais/spor/"+path {
			t.Errorf("%s: the lines do not use the import %s", use, path)
		}
		blocks = append(blocks, b)
	}
	if len(blocks) != len(tableGiven) {
		t.Errorf("got %d rows, want %d", len(blocks), len(tableGiven))
	}
	compile(t, blocks)
}
