package dialect

import (
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// A Dialect adds twins to attributes. An attribute with a stable name may also have an
// older name. The twin of the attribute is a second attribute, which has the older name. A
// Dialect is safe for concurrent use.
type Dialect struct {
	twins  map[attribute.Key]*twin
	legacy map[attribute.Key]bool
	// In lengths, one bit is set for the length of each key in twins. In initials, one bit
	// is set for the first letter of each key. If the bits for a key are not set, the key
	// has no twin, and a look-up in twins is not needed. This is the case for most keys
	// without a twin.
	lengths, initials uint64
}

// New returns a dialect that adds twins in all areas except the areas in stableOnly.
func New(stableOnly Area) *Dialect {
	d := &Dialect{twins: map[attribute.Key]*twin{}, legacy: map[attribute.Key]bool{}}
	for i := range table {
		t := &table[i]
		if t.area&stableOnly == 0 {
			d.twins[t.stable] = t
			d.legacy[t.legacy] = true
			d.lengths |= bit(len(t.stable))
			d.initials |= bit(int(t.stable[0]))
		}
	}
	return d
}

// bit returns a number in which only bit n is set. n is reduced modulo 64.
func bit(n int) uint64 { return 1 << (n & 63) }

// twin returns the twin of key, or nil if key has none.
func (d *Dialect) twin(key attribute.Key) *twin {
	if key == "" || d.lengths&bit(len(key)) == 0 || d.initials&bit(int(key[0])) == 0 {
		return nil
	}
	return d.twins[key]
}

type twin struct {
	stable, legacy attribute.Key
	area           Area
	// older converts the value of the attribute to the value of the twin. It is nil if the
	// values are the same.
	older func(attribute.Value) attribute.Value
}

var table = []twin{
	{semconv.HTTPResponseStatusCodeKey, "http.status_code", HTTP, nil},
	{semconv.HTTPRequestMethodKey, "http.method", HTTP, nil},

	{semconv.DBSystemNameKey, "db.system", Database, olderText(map[string]string{
		"microsoft.sql_server": "mssql",
		"valkey":               "redis", // Nais APM does not support valkey
	})},
	{semconv.DBNamespaceKey, "db.name", Database, nil},
	{semconv.DBOperationNameKey, "db.operation", Database, nil},
	{semconv.DBCollectionNameKey, "db.sql.table", Database, nil},
	{semconv.DBQueryTextKey, "db.statement", Database, nil},

	{semconv.RPCSystemNameKey, "rpc.system", RPC, nil},
	{semconv.RPCMethodKey, "rpc.service", RPC, nil}, // the value of the twin is only the service

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

// Append appends attrs and their twins to dst. It does not change attrs.
func (d *Dialect) Append(dst, attrs []attribute.KeyValue) []attribute.KeyValue {
	begin := len(dst)
	dst = append(dst, attrs...)
	for i := range attrs {
		own, twin := d.Twin(attrs[i])
		if twin.Key == "" {
			continue
		}
		dst[begin+i] = own
		if !has(attrs, twin.Key) {
			dst = append(dst, twin)
		}
	}
	return dst
}

// Twins returns the maximum number of attributes that [Dialect.Append] adds to attrs. If it
// returns 0, Append changes nothing.
func (d *Dialect) Twins(attrs []attribute.KeyValue) int {
	n := 0
	for i := range attrs {
		if d.twin(attrs[i].Key) != nil {
			n++
		}
	}
	return n
}

// Twin returns two attributes. The result own is the argument, possibly with another value.
// The result twin is the twin of the argument. The caller must add it to the span, unless
// the span already has an attribute with the same key. If the argument has no twin, the key
// of twin is empty.
func (d *Dialect) Twin(a attribute.KeyValue) (own, twin attribute.KeyValue) {
	t := d.twin(a.Key)
	if t == nil {
		return a, twin
	}
	twin = attribute.KeyValue{Key: t.legacy, Value: a.Value}
	if a.Key == semconv.RPCMethodKey {
		service, method, full := cutMethod(a.Value)
		if !full {
			return a, attribute.KeyValue{}
		}
		a.Value, twin.Value = attribute.StringValue(method), attribute.StringValue(service)
	}
	if t.older != nil {
		twin.Value = t.older(twin.Value)
	}
	return a, twin
}

// IsLegacy reports whether key is the key of a twin.
func (d *Dialect) IsLegacy(key attribute.Key) bool { return d.legacy[key] }

func has(attrs []attribute.KeyValue, key attribute.Key) bool {
	for i := range attrs {
		if attrs[i].Key == key {
			return true
		}
	}
	return false
}

// All calls yield for each pair of a stable name and its older name.
func All(yield func(stable, older string) bool) {
	for _, t := range table {
		if !yield(string(t.stable), string(t.legacy)) {
			return
		}
	}
}

// Stable returns the stable name for an older name. found is false if there is no stable
// name.
func Stable(older string) (stable string, found bool) {
	for stable, o := range All {
		if o == older {
			return stable, true
		}
	}
	return "", false
}

// Older returns the older name for a stable name. found is false if there is no older name.
// rpc.method has no older name here, because its twin rpc.service contains a different part
// of the value.
func Older(stable string) (older string, found bool) {
	for s, older := range All {
		if s == stable && s != string(semconv.RPCMethodKey) {
			return older, true
		}
	}
	return "", false
}
