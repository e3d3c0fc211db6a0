package stock_test

import (
	"fmt"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/stock"
)

type span struct {
	name  string
	kind  trace.SpanKind
	attrs []attribute.KeyValue
}

func (s span) Name() string                     { return s.name }
func (s span) SpanKind() trace.SpanKind         { return s.kind }
func (s span) Attributes() []attribute.KeyValue { return s.attrs }

const (
	otelhttp  = "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	otelchi   = "github.com/riandyrn/otelchi"
	otelsql   = "github.com/XSAM/otelsql"
	otelpgx   = "github.com/exaring/otelpgx"
	redisotel = "github.com/redis/go-redis/extra/redisotel"
	otelaws   = "go.opentelemetry.io/contrib/instrumentation/github.com/aws/aws-sdk-go-v2/otelaws"
	elastic   = "elasticsearch-api"
	valkey    = "github.com/valkey-io/valkey-go"
	otelriver = "github.com/riverqueue/rivercontrib/otelriver"
	kotel     = "github.com/twmb/franz-go/plugin/kotel"
)

// TestComplete has spans as the libraries make them, and spans that only look like them. Package
// internal/integration/stock uses the libraries themselves.
func TestComplete(t *testing.T) {
	for _, tt := range []struct {
		scope string
		kind  trace.SpanKind
		name  string
		attrs []string // pairs of key and value
		want  string   // the name and the added attributes
	}{
		{otelhttp, trace.SpanKindClient, "HTTP GET", []string{"http.request.method", "GET"}, "GET map[]"},
		{otelhttp, trace.SpanKindClient, "HTTP GET", []string{"http.method", "GET"}, "GET map[]"},
		{otelhttp, trace.SpanKindClient, "HTTP PURGE", []string{"http.request.method", "_OTHER", "http.request.method_original", "PURGE"}, "_OTHER map[]"},
		{otelhttp, trace.SpanKindClient, "HTTP GET orders", []string{"http.request.method", "GET"}, "HTTP GET orders map[]"},
		{otelhttp, trace.SpanKindClient, "HTTP GET", nil, "HTTP GET map[]"},
		{otelhttp, trace.SpanKindClient, "HTTP ", []string{"server.address", "h"}, "HTTP  map[]"},
		{otelhttp, trace.SpanKindServer, "HTTP GET", []string{"http.request.method", "GET"}, "HTTP GET map[]"},
		{otelhttp, trace.SpanKindServer, "GET /orders/{id}", []string{"http.request.method", "GET"}, "GET /orders/{id} map[http.route:/orders/{id}]"},
		{otelhttp, trace.SpanKindServer, "GET /orders/{id}", []string{"http.request.method", "GET", "http.route", "/o/{id}"}, "GET /orders/{id} map[]"},
		{otelhttp, trace.SpanKindServer, "GET /orders/7", []string{"http.request.method", "GET"}, "GET /orders/7 map[]"},
		{otelhttp, trace.SpanKindServer, "GET host/{id}", []string{"http.request.method", "GET"}, "GET host/{id} map[]"},
		{otelhttp, trace.SpanKindServer, "server", []string{"http.request.method", "GET"}, "server map[]"},
		{otelchi, trace.SpanKindServer, "/orders/{id}", []string{"http.method", "GET", "http.route", "/orders/{id}"}, "GET /orders/{id} map[]"},
		{otelchi, trace.SpanKindServer, "/", []string{"http.method", "GET", "http.route", ""}, "GET map[]"},
		{otelchi, trace.SpanKindServer, "/", []string{"http.method", "GET", "http.route", "/"}, "GET / map[]"},
		{otelchi, trace.SpanKindServer, "mine", []string{"http.method", "GET", "http.route", "/orders/{id}"}, "mine map[]"},
		{
			otelsql, trace.SpanKindClient, "sql.conn.query",
			[]string{"db.system.name", "postgresql", "db.query.text", "SELECT a FROM orders WHERE id = 7"},
			"SELECT orders map[db.collection.name:orders db.operation.name:SELECT db.query.summary:SELECT orders]",
		},
		{otelsql, trace.SpanKindClient, "sql.conn.prepare", []string{"db.query.text", "SELECT a FROM orders"}, "sql.conn.prepare map[]"},
		{otelsql, trace.SpanKindClient, "sql.rows", []string{"db.system.name", "postgresql"}, "sql.rows map[]"},
		{
			otelsql, trace.SpanKindClient, "mine",
			[]string{"db.query.text", "SELECT a FROM orders", "db.operation.name", "FIND", "db.collection.name", "o", "db.query.summary", "s"},
			"mine map[]",
		},
		{otelpgx, trace.SpanKindClient, "SELECT", []string{"db.query.text", "SELECT 1", "db.operation.name", "SELECT"}, "SELECT map[db.query.summary:SELECT]"},
		{
			otelpgx, trace.SpanKindClient, "GetOrder",
			[]string{"db.query.text", "-- name: GetOrder :one\nSELECT a FROM orders", "db.operation.name", "GetOrder"},
			"GetOrder map[db.collection.name:orders db.query.summary:SELECT orders]",
		},
		{redisotel, trace.SpanKindClient, "get", []string{"db.system", "redis"}, "get map[db.operation.name:get]"},
		{redisotel, trace.SpanKindClient, "redis.dial", []string{"db.system", "redis"}, "redis.dial map[]"},
		{otelaws, trace.SpanKindClient, "S3.GetObject", []string{"rpc.system.name", "aws-api", "rpc.method", "S3/GetObject"}, "S3.GetObject map[peer.service:s3@aws-api]"},
		{otelaws, trace.SpanKindClient, "S3.GetObject", []string{"rpc.system.name", "aws-api", "rpc.method", "S3/GetObject", "peer.service", "mine"}, "S3.GetObject map[]"},
		{otelaws, trace.SpanKindClient, "S3.GetObject", []string{"rpc.method", "S3/GetObject"}, "S3.GetObject map[]"},
		{otelaws, trace.SpanKindClient, "S3", []string{"rpc.system.name", "aws-api", "rpc.method", "S3"}, "S3 map[]"},
		{
			otelaws, trace.SpanKindClient, "SQS.SendMessage",
			[]string{"rpc.system.name", "aws-api", "rpc.method", "SQS/SendMessage", "server.address", "https://sqs.eu-north-1.amazonaws.com:443/1/orders"},
			"SQS.SendMessage map[messaging.destination.name:orders peer.service:sqs@aws-api server.address:sqs.eu-north-1.amazonaws.com]",
		},
		{otelaws, trace.SpanKindClient, "SQS.ListQueues", []string{"rpc.system.name", "aws-api", "rpc.method", "SQS/ListQueues"}, "SQS.ListQueues map[peer.service:sqs@aws-api]"},
		{otelaws, trace.SpanKindClient, "DynamoDB.ListTables", []string{"rpc.system.name", "aws-api", "rpc.method", "DynamoDB/ListTables"}, "DynamoDB.ListTables map[db.operation.name:ListTables peer.service:dynamodb@aws-api]"},
		{elastic, trace.SpanKindClient, "search", []string{"db.elasticsearch.path_parts.index", "orders"}, "search map[db.collection.name:orders]"},
		{elastic, trace.SpanKindClient, "info", nil, "info map[]"},
		{valkey, trace.SpanKindClient, "GET", []string{"db.system", "valkey", "db.operation", "GET"}, "GET map[db.system:redis db.system.name:valkey]"},
		{valkey, trace.SpanKindClient, "GET", []string{"db.system", "mine"}, "GET map[]"},
		{otelriver, trace.SpanKindConsumer, "river.work", []string{"kind", "mail"}, "mail process map[]"},
		{otelriver, trace.SpanKindConsumer, "river.work", nil, "river.work map[]"},
		{otelriver, trace.SpanKindConsumer, "river.work/mail", []string{"kind", "mail"}, "river.work/mail map[]"},
		{otelriver, trace.SpanKindProducer, "river.insert_many", nil, "river.insert_many map[]"},
		{kotel, trace.SpanKindConsumer, "orders receive", []string{"messaging.source.name", "orders"}, "orders receive map[messaging.destination.name:orders]"},
		{kotel, trace.SpanKindProducer, "orders publish", []string{"messaging.destination.name", "orders"}, "orders publish map[]"},
		{"github.com/nais/mine", trace.SpanKindClient, "HTTP GET", []string{"http.request.method", "GET"}, "HTTP GET map[]"},
		{"", trace.SpanKindClient, "sql.conn.query", []string{"db.query.text", "SELECT 1"}, "sql.conn.query map[]"},
	} {
		s := span{name: tt.name, kind: tt.kind}
		for i := 0; i+1 < len(tt.attrs); i += 2 {
			s.attrs = append(s.attrs, attribute.String(tt.attrs[i], tt.attrs[i+1]))
		}
		var c stock.Completer
		for range 2 { // the second result comes from a cache
			name, added := c.Complete(tt.scope, s)
			attrs := map[attribute.Key]string{}
			for _, a := range added {
				attrs[a.Key] = a.Value.AsString()
			}
			if got := fmt.Sprint(name, " ", attrs); got != tt.want {
				t.Errorf("%s %q %q: got %s, want %s", tt.scope, tt.name, tt.attrs, got, tt.want)
			}
		}
	}
}

func TestLibrary(t *testing.T) {
	for scope, want := range map[string]string{otelhttp: "otelhttp", kotel: "kotel", "mine": "", "": ""} {
		if got := stock.Library(scope); got != want {
			t.Errorf("%s: got %q, want %q", scope, got, want)
		}
	}
}
