package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// An edit changes the Go files of a copy. It names places by their identifiers, so that no
// line of a peer is needed.
type edit struct {
	// files is a pattern of filepath.Match, relative to the root of the copy.
	files string
	// fn is the function to change: "Name" or "Type.Name". If it is empty, every function and
	// declaration is changed.
	fn string
	// from is the expression to replace, and to its replacement. If from is empty, to is
	// inserted at the start of the function's body.
	from, to string
	// assert is a type, or "any type". The operand of each type assertion to it is passed
	// through the function whose name is in to.
	assert string
	// rename is the new name of the function. If it is set, from and to are not used.
	rename string
}

// A change replaces the bytes of a file between two offsets.
type change struct {
	start, end int
	text       string
}

// apply changes the files below dir. It fails if nothing matches.
func (e *edit) apply(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, e.files))
	if err != nil {
		return err
	}
	total := 0
	for _, file := range files {
		n, err := e.applyTo(file)
		if err != nil {
			return err
		}
		total += n
	}
	if total == 0 {
		return fmt.Errorf("nothing matches the edit of %s in %s (%q)", e.fn, e.files, e.from+e.assert)
	}
	return nil
}

func (e *edit) applyTo(file string) (int, error) {
	source, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, file, source, parser.SkipObjectResolution)
	if err != nil {
		return 0, err
	}
	offset := func(p token.Pos) int { return fset.Position(p).Offset }
	var changes []change
	for _, decl := range tree.Decls {
		changes = append(changes, e.changes(decl, source, offset)...)
	}
	if len(changes) == 0 {
		return 0, nil
	}
	return len(changes), os.WriteFile(file, rewrite(source, changes), 0o644)
}

// changes returns the changes to one declaration.
func (e *edit) changes(decl ast.Decl, source []byte, offset func(token.Pos) int) []change {
	fn, isFunc := decl.(*ast.FuncDecl)
	if e.fn != "" && (!isFunc || functionName(fn) != e.fn) {
		return nil
	}
	switch {
	case e.rename != "":
		return []change{{offset(fn.Name.Pos()), offset(fn.Name.End()), e.rename}}
	case e.assert != "":
		return e.assertions(decl, source, offset)
	case e.from == "":
		at := offset(fn.Body.Lbrace) + 1
		return []change{{at, at, "\n" + e.to + "\n"}}
	}
	var changes []change
	ast.Inspect(decl, func(n ast.Node) bool {
		expr, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		start, end := offset(expr.Pos()), offset(expr.End())
		if string(source[start:end]) != e.from {
			return true
		}
		changes = append(changes, change{start, end, e.to})
		return false
	})
	return changes
}

// assertions returns the changes to the type assertions in a declaration.
func (e *edit) assertions(decl ast.Decl, source []byte, offset func(token.Pos) int) []change {
	var changes []change
	ast.Inspect(decl, func(n ast.Node) bool {
		a, ok := n.(*ast.TypeAssertExpr)
		if !ok || a.Type == nil || !e.asserts(string(source[offset(a.Type.Pos()):offset(a.Type.End())])) {
			return true
		}
		start, end := offset(a.X.Pos()), offset(a.X.End())
		changes = append(changes, change{start, start, e.to + "("}, change{end, end, ")"})
		return true
	})
	return changes
}

// asserts reports whether type assertions to t are changed.
func (e *edit) asserts(t string) bool { return e.assert == "any type" || t == e.assert }

func functionName(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	t := fn.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if generic, ok := t.(*ast.IndexExpr); ok {
		t = generic.X
	}
	name, _ := t.(*ast.Ident)
	if name == nil {
		return fn.Name.Name
	}
	return name.Name + "." + fn.Name.Name
}

func rewrite(source []byte, changes []change) []byte {
	slices.SortStableFunc(changes, func(a, b change) int { return a.start - b.start })
	var out bytes.Buffer
	last := 0
	for _, c := range changes {
		out.Write(source[last:c.start])
		out.WriteString(c.text)
		last = c.end
	}
	out.Write(source[last:])
	return out.Bytes()
}

// copyOverlay copies the Go files of an overlay. The import path of the package probe is
// replaced by the path that it has in the copy. The name of the overlay may have the name of a
// package after a colon. It then takes the place of the name "peer".
func copyOverlay(from, to, probe string) error {
	from, name, named := strings.Cut(from, ":")
	if !named {
		name = "peer"
	}
	names := strings.NewReplacer(probePath, probe, "package peer\n", "package "+name+"\n")
	files, err := filepath.Glob(filepath.Join(from, "*.go"))
	if err == nil && len(files) == 0 {
		err = errors.New("no overlay in " + from)
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(file)), []byte(names.Replace(string(text))), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// probePath is the import path of the package probe in this repository.
const probePath = "github.com/nais/spor/internal/peers/probe"
