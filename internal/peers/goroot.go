package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// stdProbe is the import path of the package probe in a copy of GOROOT.
const stdProbe = "spor.peers/probe"

// copyGoRoot copies GOROOT, and puts spor and what it needs into its vendor folder. The
// compiler and the other tools are links.
func copyGoRoot(ctx context.Context, l *layout, s *suite, src *source) error {
	out, err := command(ctx, l.repository, nil, "go", "env", "GOROOT", "GOVERSION")
	if err != nil {
		return err
	}
	root, version, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	src.version = strings.TrimPrefix(version, "go")
	if err := os.MkdirAll(src.dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		from, to := filepath.Join(root, e.Name()), filepath.Join(src.dir, e.Name())
		switch e.Name() {
		case "src":
			err = copyTree(from, to)
		case "test", "doc", "api", "misc":
		default:
			err = os.Symlink(from, to)
		}
		if err != nil {
			return err
		}
	}
	return vendorSpor(ctx, l, s, src)
}

// vendorSpor adds the packages that the overlays import to the vendor folder of GOROOT. A
// package that GOROOT has already stays as it is.
func vendorSpor(ctx context.Context, l *layout, s *suite, src *source) error {
	dir := filepath.Join(l.work, "src", s.name+"-vendor")
	if err := errors.Join(removeCopy(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return err
	}
	overlays := map[string]string{"probe": filepath.Join(l.repository, "internal/peers/probe")}
	for _, overlay := range s.overlays {
		overlays[overlay] = filepath.Join(l.overlays(), overlay)
	}
	for name, from := range overlays {
		if err := copyOverlay(from, filepath.Join(dir, name), stdProbe); err != nil {
			return err
		}
	}
	if err := writeVendorModule(ctx, l, dir); err != nil {
		return err
	}
	return addMissing(filepath.Join(dir, "vendor"), filepath.Join(src.dir, "src/vendor"))
}

// writeVendorModule makes the module in dir, and its vendor folder.
func writeVendorModule(ctx context.Context, l *layout, dir string) error {
	mod, err := os.ReadFile(filepath.Join(l.repository, "internal/peers/go.mod"))
	if err != nil {
		return err
	}
	text := strings.Replace(string(mod), "module github.com/nais/spor/internal/peers", "module spor.peers", 1)
	text = strings.Replace(text, "github.com/nais/spor => ../..", "github.com/nais/spor => "+l.repository, 1)
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o644); err != nil {
		return err
	}
	for _, args := range [][]string{{"mod", "tidy"}, {"mod", "vendor"}} {
		if _, err := command(ctx, dir, []string{"GOFLAGS=-mod=mod"}, "go", args...); err != nil {
			return err
		}
	}
	return nil
}

// addMissing copies the files of each folder that has no Go files in to. It does not copy
// modules.txt, which names the versions of GOROOT's own vendor folder.
func addMissing(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || path == from {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		files, err := filepath.Glob(filepath.Join(path, "*.*"))
		if err != nil {
			return err
		}
		if has, _ := filepath.Glob(filepath.Join(to, rel, "*.go")); len(has) > 0 {
			return nil
		}
		for _, file := range files {
			if info, err := os.Stat(file); err != nil || info.IsDir() {
				continue
			}
			if err := copyFile(file, filepath.Join(to, rel, filepath.Base(file))); err != nil {
				return err
			}
		}
		return nil
	})
}
