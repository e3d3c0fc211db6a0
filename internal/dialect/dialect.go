package dialect

import (
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// A Dialect adds twins to attributes. It is safe for concurrent use.
type Dialect struct {
	twins  map[attribute.Key]*twin
	legacy map[attribute.Key]bool
	// lengths has a bit for the length of each key in twins, and initials one
	// for its first letter: most keys are neither.
	lengths, initials uint64
}

// New returns the dialect with twins for all areas but those of which the stable
// names alone are wanted.
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

// bit returns one bit of 64, the same for n and n + 64.
func bit(n int) uint64 { return 1 << (n & 63) }

// twin returns the twin of key, or nil.
func (d *Dialect) twin(key attribute.Key) *twin {
	if key == "" || d.lengths&bit(len(key)) == 0 || d.initials&bit(int(key[0])) == 0 {
		return nil
	}
	return d.twins[key]
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

// Append appends attrs and their twins to dst. attrs is not changed.
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

// Twins returns how many attributes [Dialect.Append] would add at most; none
// when it would change nothing.
func (d *Dialect) Twins(attrs []attribute.KeyValue) int {
	n := 0
	for i := range attrs {
		if d.twin(attrs[i].Key) != nil {
			n++
		}
	}
	return n
}

// Twin returns a as it is to be, and its twin, which belongs to the same span
// unless that has one of the name; it has no key when there is none.
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

// IsLegacy reports whether key may be that of a twin.
func (d *Dialect) IsLegacy(key attribute.Key) bool { return d.legacy[key] }

func has(attrs []attribute.KeyValue, key attribute.Key) bool {
	for i := range attrs {
		if attrs[i].Key == key {
			return true
		}
	}
	return false
}

// All yields each stable name with its older one.
func All(yield func(stable, older string) bool) {
	for _, t := range table {
		if !yield(string(t.stable), string(t.legacy)) {
			return
		}
	}
}

// Stable returns the stable name of which older is the older one, and whether
// there is one.
func Stable(older string) (stable string, found bool) {
	for stable, o := range All {
		if o == older {
			return stable, true
		}
	}
	return "", false
}

// Older returns the older name under which an attribute has the same meaning, and
// whether there is one. rpc.method has none: its twin is another part of its value.
func Older(stable string) (older string, found bool) {
	for s, older := range All {
		if s == stable && s != string(semconv.RPCMethodKey) {
			return older, true
		}
	}
	return "", false
}
