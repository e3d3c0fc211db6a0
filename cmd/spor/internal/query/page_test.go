package query_test

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nais/spor/cmd/spor/internal/query"
)

// fieldsOf returns the JSON names of the fields of a struct, and of the structs in it that package
// query declares. A field that may be left out is in brackets.
func fieldsOf(kind reflect.Type) (names []string) {
	switch kind.Kind() {
	case reflect.Slice, reflect.Pointer:
		return fieldsOf(kind.Elem())
	case reflect.Struct:
		if !strings.HasSuffix(kind.PkgPath(), "/query") {
			return nil
		}
		for field := range kind.Fields() {
			name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			if options == "omitempty" {
				name = "[`" + name + "`]"
			} else if name != "" {
				name = "`" + name + "`"
			}
			names = append(append(names, name), fieldsOf(field.Type)...)
		}
	}
	return names
}

func TestPageListsTheFields(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/agents.md")
	if err != nil {
		t.Fatal(err)
	}
	field := regexp.MustCompile("\\[?`[a-z_]+`\\]?")
	for command, answer := range map[string]any{
		"`spor traces`": query.Traces{}, "`spor traces TRACE`": query.Trace{}, "`spor traces TRACE SPAN`": query.Span{},
		"`spor logs`": query.Logs{}, "`spor metrics`": query.Metrics{}, "`spor panels`": query.Panels{},
	} {
		_, row, found := strings.Cut(string(page), "\n| "+command+" | ")
		row, _, _ = strings.Cut(row, "\n")
		if !found {
			t.Errorf("no row for %s", command)
		}
		got, want := field.FindAllString(row, -1), fieldsOf(reflect.TypeOf(answer))
		if command == "`spor traces TRACE`" { // the row refers to two others for these
			others := append(fieldsOf(reflect.TypeFor[query.TraceSummary]()), fieldsOf(reflect.TypeFor[query.Log]())...)
			isOther := func(name string) bool { return slices.Contains(others, name) }
			got, want = slices.DeleteFunc(got, isOther), slices.DeleteFunc(want, isOther)
		}
		want = slices.DeleteFunc(want, func(name string) bool { return name == "" })
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(slices.Compact(got), slices.Compact(want)) {
			t.Errorf("%s: the page has\n%v, want\n%v", command, got, want)
		}
	}
}
