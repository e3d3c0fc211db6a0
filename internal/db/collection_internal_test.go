package db

import (
	"fmt"
	"testing"
)

func TestFold(t *testing.T) {
	for name, want := range map[string]string{
		"":                       "",
		"orders":                 "orders",
		"public.orders":          "public.orders",
		"orders2":                "orders2",
		"orders_v1":              "orders_v1",
		"import_3fa94c01":        "import_?",
		"import_3fa94c01_done":   "import_?_done",
		"import_deadbeef":        "import_deadbeef",
		"decade":                 "decade",
		"events_2024_01":         "events_?_?",
		"events2024":             "events?",
		"tmp1732838400":          "tmp?",
		"t_20240101x":            "t_?x",
		"a1b2c3d4e5f6":           "?",
		"cafe12":                 "?",
		"cache12":                "cache?",
		"pg_temp_12.import":      "pg_temp_?.import",
		"ÆØÅ12":                  "ÆØÅ?",
		"12":                     "?",
		"1":                      "1",
		"batch_1_of_2":           "batch_1_of_2",
		"x_0b1c2d3e-4f5a-6b7c-8": "x_?-4f5a-6b7c-8",
	} {
		if got := fold(name); got != want {
			t.Errorf("fold(%q) = %q, want %q", name, got, want)
		}
	}
}

func FuzzFold(f *testing.F) {
	f.Add("import_3fa94c01")
	f.Fuzz(func(t *testing.T, name string) {
		got := fold(name)
		if again := fold(got); again != got || len(got) > len(name) {
			t.Errorf("fold(%q) = %q, and then %q", name, got, again)
		}
	})
}

func TestCollectionsAreBounded(t *testing.T) {
	var c collections
	if got := c.measured("orders"); got != "orders" {
		t.Errorf("got %q", got)
	}
	for i := range 3000 {
		if got := c.measured(fmt.Sprintf("import_%08x", i*7919+0x10000000)); got != "import_?" {
			t.Fatalf("got %q", got)
		}
	}
	letters := 0
	for i := range 3000 {
		name := fmt.Sprintf("t_%c%c%c", 'g'+i%20, 'g'+i/20%20, 'g'+i/400)
		if c.measured(name) == name {
			letters++
		}
	}
	if letters != mostCollections-2 || c.measured("orders") != "orders" || c.measured("t_zzz") != "" {
		t.Errorf("%d collections are measured, want %d", letters+2, mostCollections)
	}
}
