package dialect_test

import (
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/dialect"
)

func str(key, value string) attribute.KeyValue { return attribute.String(key, value) }

func TestAppend(t *testing.T) {
	for _, tt := range []struct {
		name  string
		attrs []attribute.KeyValue
		twins []attribute.KeyValue
	}{
		{
			"http",
			[]attribute.KeyValue{str("http.request.method", "GET"), attribute.Int("http.response.status_code", 200)},
			[]attribute.KeyValue{str("http.method", "GET"), attribute.Int("http.status_code", 200)},
		},
		{"database", []attribute.KeyValue{
			str("db.system.name", "postgresql"), str("db.namespace", "app"), str("db.operation.name", "SELECT"),
			str("db.collection.name", "orders"), str("db.query.text", "SELECT ?"),
		}, []attribute.KeyValue{
			str("db.system", "postgresql"), str("db.name", "app"), str("db.operation", "SELECT"),
			str("db.sql.table", "orders"), str("db.statement", "SELECT ?"),
		}},
		{"sql server", []attribute.KeyValue{str("db.system.name", "microsoft.sql_server")}, []attribute.KeyValue{str("db.system", "mssql")}},
		{"valkey", []attribute.KeyValue{str("db.system.name", "valkey")}, []attribute.KeyValue{str("db.system", "redis")}},
		{"send", []attribute.KeyValue{str("messaging.operation.type", "send")}, []attribute.KeyValue{str("messaging.operation", "publish")}},
		{"messaging", []attribute.KeyValue{
			str("messaging.operation.type", "process"), str("messaging.consumer.group.name", "g"),
			attribute.Int("messaging.kafka.offset", 7), str("messaging.client.id", "c"),
		}, []attribute.KeyValue{
			str("messaging.operation", "process"), str("messaging.kafka.consumer.group", "g"),
			attribute.Int("messaging.kafka.message.offset", 7), str("messaging.client_id", "c"),
		}},
		{"the program's own", []attribute.KeyValue{str("db.system", "oracle"), str("db.system.name", "oracle.db")}, nil},
		{"others", []attribute.KeyValue{str("http.route", "/"), str("x", "y")}, nil},
		{"nothing", nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := slices.Clone(tt.attrs)
			got := dialect.New(0).Append(nil, tt.attrs)
			if want := append(slices.Clone(tt.attrs), tt.twins...); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			if !slices.Equal(tt.attrs, before) {
				t.Error("the argument was changed")
			}
		})
	}
}

func TestAppendRPC(t *testing.T) {
	for _, tt := range []struct {
		name        string
		attrs, want []attribute.KeyValue
	}{
		{
			"full",
			[]attribute.KeyValue{str("rpc.system.name", "grpc"), str("rpc.method", "pkg.Svc/Get")},
			[]attribute.KeyValue{str("rpc.system.name", "grpc"), str("rpc.method", "Get"), str("rpc.system", "grpc"), str("rpc.service", "pkg.Svc")},
		},
		{
			"with a slash before",
			[]attribute.KeyValue{str("rpc.method", "/pkg.Svc/Get")},
			[]attribute.KeyValue{str("rpc.method", "Get"), str("rpc.service", "pkg.Svc")},
		},
		{
			"short already",
			[]attribute.KeyValue{str("rpc.service", "pkg.Svc"), str("rpc.method", "Get")},
			[]attribute.KeyValue{str("rpc.service", "pkg.Svc"), str("rpc.method", "Get")},
		},
		{"unknown", []attribute.KeyValue{str("rpc.method", "_OTHER")}, []attribute.KeyValue{str("rpc.method", "_OTHER")}},
		{
			"odd",
			[]attribute.KeyValue{str("rpc.method", "a/"), attribute.Int("rpc.method", 1)},
			[]attribute.KeyValue{str("rpc.method", "a/"), attribute.Int("rpc.method", 1)},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := dialect.New(0).Append(nil, tt.attrs); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for want, older := range dialect.All {
		if got, found := dialect.Stable(older); !found || got != want {
			t.Errorf("%s: got the stable name %q, want %q", older, got, want)
		}
		got, found := dialect.Older(want)
		if same := want != "rpc.method"; found != same || same && got != older {
			t.Errorf("%s: got the older name %q, want %q", want, got, older)
		}
		if _, found := dialect.Older(older); found {
			t.Errorf("%s has an older name", older)
		}
	}
	if got, found := dialect.Older("x"); found {
		t.Errorf("got %q for an attribute without a twin", got)
	}
	if got, found := dialect.Stable("db.namespace"); found {
		t.Errorf("got %q for a stable name", got)
	}
}

func TestOptIn(t *testing.T) {
	attrs := []attribute.KeyValue{
		str("http.request.method", "GET"), str("db.system.name", "mysql"),
		str("rpc.method", "S/M"), str("messaging.operation.type", "send"),
	}
	for _, tt := range []struct{ value, legacy string }{
		{"", "http.method db.system rpc.service messaging.operation"},
		{"http", "db.system rpc.service messaging.operation"},
		{" Database , rpc", "http.method messaging.operation"},
		{"messaging", "http.method db.system rpc.service"},
		{"http/dup,database/dup,rpc/dup,messaging/dup", "http.method db.system rpc.service messaging.operation"},
		{"http,http/dup", "http.method db.system rpc.service messaging.operation"},
		{"http,database,rpc,messaging", ""},
		{"gen_ai_latest_experimental", "http.method db.system rpc.service messaging.operation"},
	} {
		t.Run(tt.value, func(t *testing.T) {
			d := dialect.New(dialect.ParseOptIn(tt.value))
			got := d.Append(nil, attrs)
			var legacy []string
			for _, a := range got[len(attrs):] {
				legacy = append(legacy, string(a.Key))
			}
			if got := strings.Join(legacy, " "); got != tt.legacy {
				t.Errorf("twins: got %q, want %q", got, tt.legacy)
			}
			if d.Twins(attrs) != len(legacy) {
				t.Errorf("number: got %d, want %d", d.Twins(attrs), len(legacy))
			}
			if full := got[2].Value.AsString() == "S/M"; full != !strings.Contains(tt.legacy, "rpc") {
				t.Errorf("rpc.method: got %v", got[2])
			}
		})
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	there := []attribute.KeyValue{str("a", "b")}
	got := dialect.New(0).Append(slices.Clip(there), []attribute.KeyValue{str("rpc.method", "S/M")})
	if want := []attribute.KeyValue{str("a", "b"), str("rpc.method", "M"), str("rpc.service", "S")}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAppendAllocatesNothingInARoomySlice(t *testing.T) {
	d := dialect.New(0)
	attrs := []attribute.KeyValue{str("db.system.name", "valkey"), str("rpc.method", "S/M"), str("db.namespace", "app")}
	dst := make([]attribute.KeyValue, 0, 10)
	if got := testing.AllocsPerRun(100, func() { d.Append(dst, attrs) }); got != 0 {
		t.Errorf("allocations: got %v, want 0", got)
	}
}
