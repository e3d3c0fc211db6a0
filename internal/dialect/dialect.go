package dialect

import (
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// A Dialect adds twins to attributes. It is safe for concurrent use.
type Dialect struct {
	twins map[attribute.Key]twin
}

// New returns the dialect with twins for all areas but those of which the stable
// names alone are wanted.
func New(stableOnly Area) *Dialect {
	d := &Dialect{twins: map[attribute.Key]twin{}}
	for _, t := range table {
		if t.area&stableOnly == 0 {
			d.twins[t.stable] = t
		}
	}
	return d
}

// twin is a stable attribute and its older name.
type twin struct {
	stable, legacy attribute.Key
	area           Area
	// older turns the value into its older form, if it differs.
	older func(attribute.Value) attribute.Value
}

var table = []twin{
	{semconv.HTTPResponseStatusCodeKey, "http.status_code", HTTP, nil},
	{semconv.HTTPRequestMethodKey, "http.method", HTTP, nil},

	{semconv.DBSystemNameKey, "db.system", Database, olderText(map[string]string{
		"microsoft.sql_server": "mssql",
		"valkey":               "redis", // Nais APM knows no valkey
	})},
	{semconv.DBNamespaceKey, "db.name", Database, nil},
	{semconv.DBOperationNameKey, "db.operation", Database, nil},
	{semconv.DBCollectionNameKey, "db.sql.table", Database, nil},
	{semconv.DBQueryTextKey, "db.statement", Database, nil},

	{semconv.RPCSystemNameKey, "rpc.system", RPC, nil},
	{semconv.RPCMethodKey, "rpc.service", RPC, nil}, // its service part

	{semconv.MessagingOperationTypeKey, "messaging.operation", Messaging, olderText(map[string]string{"send": "publish"})},
	{semconv.MessagingConsumerGroupNameKey, "messaging.kafka.consumer.group", Messaging, nil},
	{semconv.MessagingKafkaOffsetKey, "messaging.kafka.message.offset", Messaging, nil},
	{semconv.MessagingClientIDKey, "messaging.client_id", Messaging, nil},
}

func olderText(words map[string]string) func(attribute.Value) attribute.Value {
	return func(v attribute.Value) attribute.Value {
		if older, found := words[v.AsString()]; found {
			return attribute.StringValue(older)
		}
		return v
	}
}

// cutMethod splits the full name of an RPC, "pkg.Service/Method".
func cutMethod(v attribute.Value) (service, method string, ok bool) {
	if v.Type() != attribute.STRING {
		return "", "", false
	}
	full := strings.TrimPrefix(v.AsString(), "/")
	slash := strings.LastIndexByte(full, '/')
	if slash <= 0 || slash == len(full)-1 {
		return "", "", false
	}
	return full[:slash], full[slash+1:], true
}

// Twins returns how many attributes [Dialect.Append] would add at most; none
// when it would change nothing.
func (d *Dialect) Twins(attrs []attribute.KeyValue) int {
	n := 0
	for i := range attrs {
		if _, found := d.twins[attrs[i].Key]; found {
			n++
		}
	}
	return n
}

// Append appends attrs and their twins to dst. attrs is not changed.
func (d *Dialect) Append(dst, attrs []attribute.KeyValue) []attribute.KeyValue {
	begin := len(dst)
	dst = append(dst, attrs...)
	for i, a := range attrs {
		t, found := d.twins[a.Key]
		if !found {
			continue
		}
		value := a.Value
		if a.Key == semconv.RPCMethodKey {
			service, method, full := cutMethod(value)
			if !full {
				continue
			}
			dst[begin+i].Value = attribute.StringValue(method)
			value = attribute.StringValue(service)
		}
		if t.older != nil {
			value = t.older(value)
		}
		if !has(attrs, t.legacy) {
			dst = append(dst, attribute.KeyValue{Key: t.legacy, Value: value})
		}
	}
	return dst
}

func has(attrs []attribute.KeyValue, key attribute.Key) bool {
	for i := range attrs {
		if attrs[i].Key == key {
			return true
		}
	}
	return false
}
