package stock

// A library is an instrumentation library.
type library struct {
	name    string // the name that people use
	version string // the version from which the rules were learnt
	rules   []rule
}

// libraries contains the libraries by the name of their instrumentation scope. A library without
// rules is in the table because its spans need no completion, or because nothing in them says what
// is missing.
var libraries = map[string]library{
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp":                 {"otelhttp", "0.72.0", []rule{methodOfClient, routeInName}},
	"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin":  {"otelgin", "0.71.0", nil},
	"go.opentelemetry.io/contrib/instrumentation/github.com/labstack/echo/otelecho": {"otelecho", "0.71.0", nil},
	"github.com/riandyrn/otelchi": {"otelchi", "0.12.2", []rule{methodBeforeRoute}},
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc": {"otelgrpc", "0.72.0", nil},
	"connectrpc.com/otelconnect": {"otelconnect", "0.12.0", nil},
	"go.opentelemetry.io/contrib/instrumentation/github.com/aws/aws-sdk-go-v2/otelaws": {"otelaws", "0.72.0", []rule{callOfAWS}},
	"github.com/XSAM/otelsql":                           {"otelsql", "0.44.0", []rule{query("sql.")}},
	"github.com/uptrace/opentelemetry-go-extra/otelsql": {"uptrace's otelsql", "0.3.2", []rule{query("db.", "stmt.")}},
	"go.nhat.io/otelsql":                                {"nhat's otelsql", "0.16.0", []rule{query("sql:")}},
	"github.com/exaring/otelpgx":                        {"otelpgx", "0.13.0", []rule{query()}},
	"github.com/redis/go-redis/extra/redisotel":         {"redisotel", "9.23.0", []rule{commandInName}},
	"github.com/valkey-io/valkey-go":                    {"valkeyotel", "1.0.72", []rule{redisForValkey}},
	"github.com/redis/rueidis":                          {"rueidisotel", "1.0.69", nil},
	"elasticsearch-api":                                 {"go-elasticsearch", "9.5.2", []rule{indexInPath}},
	"github.com/ravilushqa/otelgqlgen":                  {"otelgqlgen", "0.19.0", nil},
	"github.com/twmb/franz-go/plugin/kotel":             {"kotel", "1.7.1", []rule{sourceOfMessage}},
	"go.opentelemetry.io/contrib/instrumentation/github.com/IBM/sarama/otelsarama": {"otelsarama", "0.0.0-20240308", nil},
	"github.com/riverqueue/rivercontrib/otelriver":                                 {"otelriver", "0.12.0", []rule{kindOfJob}},
}

// HasRules reports whether spans with this instrumentation scope may need completion.
func HasRules(scope string) bool { return len(libraries[scope].rules) > 0 }

// Library returns the name of the library with this instrumentation scope, or "" if it is not
// known.
func Library(scope string) string { return libraries[scope].name }

// NamesRoutes reports whether the library with this instrumentation scope names a server span after
// the pattern of net/http's mux, unless the program has chosen another name.
func NamesRoutes(scope string) bool { return libraries[scope].name == "otelhttp" }
