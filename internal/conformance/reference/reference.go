// Package reference compares what spor records with what another library records for the same work.
package reference

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
)

// Absent is the value of a property that an engine does not record.
const Absent = "-"

// A Fact is the name of a property. Where is "span", "metric NAME" or "answer". Property is the key
// of an attribute or the name of another property, such as kind.
type Fact struct{ Where, Property string }

// Exists is the property of a whole span or a whole metric. If only one engine has it, the other
// properties are not compared.
const Exists = "exists"

// Facts contains what an engine has recorded for a row, and the response to the row. Values that
// differ by nature, such as ports, are replaced by a fixed word.
type Facts map[Fact]string

// FactsOf returns the facts of all spans and metrics of sdk. The spans are in the order in which they
// started, because two spans can end in any order.
func FactsOf(t *testing.T, sdk *oteltest.SDK) Facts {
	t.Helper()
	f := make(Facts)
	spans := slices.Clone(sdk.Ended())
	slices.SortStableFunc(spans, func(a, b sdktrace.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) })
	for _, span := range spans {
		f.AddSpan("span", span)
	}
	for _, m := range sdk.Metrics(t, "") {
		f.AddMetric(m, func(attribute.Set) string { return "metric " + m.Name })
	}
	return f
}

// free returns where, or where with a number if f already contains where.
func (f Facts) free(where string) string {
	for i := 0; ; i++ {
		if name := numbered(where, i); f.Value(Fact{name, Exists}) == Absent {
			return name
		}
	}
}

// numbered returns name for the first span or time series, and name with a number for others.
func numbered(name string, i int) string {
	if i == 0 {
		return name
	}
	return fmt.Sprintf("%s %d", name, i+1)
}

// Value returns the value of a fact, or [Absent].
func (f Facts) Value(of Fact) string {
	if value, ok := f[of]; ok {
		return value
	}
	return Absent
}

// Add adds the properties of a span, a metric or an answer.
func (f Facts) Add(where string, properties map[string]string) {
	f[Fact{where, Exists}] = "yes"
	for property, value := range properties {
		f[Fact{where, property}] = value
	}
}

// AddSpan adds span. If f already contains where, a number is added to where.
func (f Facts) AddSpan(where string, span sdktrace.ReadOnlySpan) {
	where = f.free(where)
	f.Add(where, oteltest.Map(span.Attributes()))
	properties := map[string]string{
		"name":        span.Name(),
		"kind":        span.SpanKind().String(),
		"status":      span.Status().Code.String(),
		"description": cmp.Or(span.Status().Description, Absent),
		"parent":      identity(span, span.Parent()),
	}
	for i, link := range span.Links() {
		properties[numbered("link", i)] = identity(span, link.SpanContext)
	}
	for i, event := range span.Events() {
		name := numbered("event", i)
		properties[name] = event.Name
		for key, value := range oteltest.Map(event.Attributes) {
			if key == "exception.stacktrace" {
				value = "STACK"
			}
			properties[name+" "+key] = value
		}
	}
	f.Add(where, properties)
}

// identity describes sc, which is the parent of span or a link of it.
func identity(span sdktrace.ReadOnlySpan, sc trace.SpanContext) string {
	if !sc.IsValid() {
		return Absent
	}
	same := sc.TraceID() == span.SpanContext().TraceID()
	return fmt.Sprintf("%s remote=%t same trace=%t %s", sc.SpanID(), sc.IsRemote(), same, sc.TraceState())
}

// AddMetric adds the time series of m. The function where gets the attributes of a series.
func (f Facts) AddMetric(m metricdata.Metrics, where func(attribute.Set) string) {
	type point struct {
		attributes attribute.Set
		values     map[string]string
	}
	var points []point
	switch data := m.Data.(type) {
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			values := map[string]string{"count": strconv.FormatUint(p.Count, 10), "bounds": fmt.Sprint(p.Bounds)}
			points = append(points, point{p.Attributes, values})
		}
	case metricdata.Histogram[int64]:
		for _, p := range data.DataPoints {
			values := map[string]string{"count": strconv.FormatUint(p.Count, 10), "bounds": fmt.Sprint(p.Bounds)}
			values["sum"] = strconv.FormatInt(p.Sum, 10)
			points = append(points, point{p.Attributes, values})
		}
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			points = append(points, point{p.Attributes, map[string]string{"sum": strconv.FormatInt(p.Value, 10)}})
		}
	}
	slices.SortFunc(points, func(a, b point) int {
		return cmp.Compare(orderOf(a.attributes), orderOf(b.attributes))
	})
	for _, p := range points {
		where := f.free(where(p.attributes))
		f.Add(where, oteltest.Map(p.attributes.ToSlice()))
		f.Add(where, p.values)
		f.Add(where, map[string]string{"unit": m.Unit, "description": m.Description})
	}
}

// orderOf returns the key by which the time series of a metric are sorted.
func orderOf(set attribute.Set) (order string) {
	for _, key := range []attribute.Key{"http.response.status_code", "rpc.response.status_code", "db.operation.name", "error.type"} {
		value, _ := set.Value(key)
		order += value.String() + "|"
	}
	return order
}

// A Difference is a property for which the reference and spor record different values.
type Difference struct {
	Rows      string // for example, SIDE/VERSION/ROW
	Where     string
	Property  string
	Reference string // [Absent] if the reference does not record the property
	Spor      string // Absent if spor does not record the property
	Reason    string
}

// Differences returns the properties that are different in two sets of facts of row.
func Differences(row string, reference, spor Facts) (found []Difference) {
	all := maps.Clone(reference)
	maps.Copy(all, spor)
	for fact := range all {
		whole := fact
		whole.Property = Exists
		a, b := reference.Value(fact), spor.Value(fact)
		if a != b && (fact == whole || reference[whole] == spor[whole]) {
			found = append(found, Difference{row, fact.Where, fact.Property, a, b, ""})
		}
	}
	slices.SortFunc(found, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.Property, b.Property))
	})
	return found
}

// String returns d in the form of a line in a table.
func (d Difference) String() string {
	return fmt.Sprintf("{%q, %q, %q, %q, %q}", d.Rows, d.Where, d.Property, d.Reference, d.Spor)
}

// matches reports whether the line d of a table is about the difference found.
func (d Difference) matches(found Difference) bool {
	rows, _ := path.Match(d.Rows, found.Rows)
	where, _ := path.Match(d.Where, found.Where)
	return rows && where && d.Property == found.Property && same(d.Reference, found.Reference) && same(d.Spor, found.Spor)
}

// same reports whether value is the value in a table. A star in a table stands for any text that is
// not empty, but not for a value that is Absent.
func same(inTable, value string) bool {
	before, after, star := strings.Cut(inTable, "*")
	return inTable == value || star && value != Absent && len(value) > len(before)+len(after) &&
		strings.HasPrefix(value, before) && strings.HasSuffix(value, after)
}

// A Line is a [Difference] in a table. It contains the fields of the Difference, in their order.
type Line [6]string

// A Judge compares facts. It knows the differences that are allowed.
type Judge struct {
	lines []Difference
	used  []bool
}

// NewJudge returns a Judge that allows the differences in table for the rows of side. In a table,
// rows and property can contain several alternatives, which are separated by "|". Each alternative
// must occur.
func NewJudge(side string, table []Line) *Judge {
	j := new(Judge)
	for _, line := range table {
		for rows := range strings.SplitSeq(line[0], "|") {
			for property := range strings.SplitSeq(line[2], "|") {
				if strings.HasPrefix(rows, side+"/") {
					j.lines = append(j.lines, Difference{rows, line[1], property, line[3], line[4], line[5]})
				}
			}
		}
	}
	j.used = make([]bool, len(j.lines))
	return j
}

// Compare fails the test if the facts of the reference and of spor differ in a way that is not in a
// table.
func (j *Judge) Compare(t *testing.T, row string, reference, spor Facts) {
	t.Helper()
	for _, found := range Differences(row, reference, spor) {
		line := slices.IndexFunc(j.lines, func(d Difference) bool { return d.matches(found) })
		if line < 0 {
			t.Errorf("not in the table: %v", found)
			continue
		}
		j.used[line] = true
	}
}

// CheckAgreement fails the test if an attribute of the only span has another value in the metric.
func (f Facts) CheckAgreement(t *testing.T) {
	t.Helper()
	if f.Value(Fact{"span 2", Exists}) != Absent {
		return
	}
	for key, value := range f {
		isAttribute := strings.Contains(key.Property, ".")
		onSpan := f.Value(Fact{"span", key.Property})
		if strings.HasPrefix(key.Where, "metric ") && isAttribute && onSpan != Absent && onSpan != value {
			t.Errorf("%s is %q on the span and %q in the %s", key.Property, onSpan, value, key.Where)
		}
	}
}

// CheckUsed fails the test if a line of the tables is about no difference.
func (j *Judge) CheckUsed(t *testing.T) {
	t.Helper()
	for i, line := range j.lines {
		if !j.used[i] {
			t.Errorf("there is no such difference: %v", line)
		}
		if line.Reason == "" {
			t.Errorf("no reason: %v", line)
		}
	}
}
