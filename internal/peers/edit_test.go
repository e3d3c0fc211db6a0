package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEdits(t *testing.T) {
	const source = `package p

type T struct{ next any }

func (t *T) Serve(x any) int { return handle(x.(*T), t.next.(*T)) }

func handle(a, b *T) int { return len("handle(a)") }
`
	for name, tt := range map[string]struct {
		edit edit
		want string
	}{
		"expression":          {edit{fn: "T.Serve", from: "handle", to: "spor.Wrap(handle)"}, "return spor.Wrap(handle)(x.(*T)"},
		"not in other places": {edit{fn: "handle", from: "len", to: "size"}, `return size("handle(a)")`},
		"start of a function": {edit{fn: "handle", to: "a = b"}, "int {\na = b\n return"},
		"new name":            {edit{fn: "handle", rename: "own"}, "func own(a, b *T)"},
		"assertions":          {edit{fn: "T.Serve", assert: "*T", to: "unwrap"}, "handle(unwrap(x).(*T), unwrap(t.next).(*T))"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "p.go")
			if err := os.WriteFile(file, []byte(source), 0o644); err != nil {
				t.Fatal(err)
			}
			tt.edit.files = "*.go"
			if err := tt.edit.apply(dir); err != nil {
				t.Fatal(err)
			}
			if got, _ := os.ReadFile(file); !strings.Contains(string(got), tt.want) {
				t.Errorf("got %s, want it to contain %q", got, tt.want)
			}
		})
	}
}

// TestEditThatMatchesNothing checks that a hook cannot get lost in a new version of a peer.
func TestEditThatMatchesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "p.go"), []byte("package p\n\nfunc f() {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, e := range []edit{
		{files: "*.go", fn: "g", rename: "h"},
		{files: "*.go", fn: "f", from: "x", to: "y"},
		{files: "q/*.go", fn: "f", rename: "h"},
	} {
		if err := e.apply(dir); err == nil {
			t.Errorf("%+v: no error", e)
		}
	}
}
