package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A source is the copy of a peer's source with the hooks of one suite.
type source struct {
	// dir is the root of the copy. For GOROOT it is the folder that takes its place.
	dir string
	// version is the version of the peer.
	version string
	// fromGo reports whether dir is a GOROOT.
	fromGo bool
}

// A layout contains the folders of a run.
type layout struct {
	// repository is the root of this repository.
	repository string
	// work is the folder for everything that the command makes.
	work string
}

func (l *layout) overlays() string {
	return filepath.Join(l.repository, "internal/peers/testdata/overlays")
}

// prepare copies the source of a suite and puts the hooks in.
func prepare(ctx context.Context, l *layout, s *suite) (*source, error) {
	src := &source{dir: filepath.Join(l.work, "src", s.name), version: s.version, fromGo: s.fromGo()}
	if err := removeCopy(src.dir); err != nil {
		return nil, err
	}
	probe := s.module + "/sporprobe"
	probeDir := "sporprobe"
	copySource := copyModule
	if src.fromGo {
		probe, probeDir, copySource = stdProbe, filepath.Join("src/vendor", stdProbe), copyGoRoot
	}
	if err := copySource(ctx, l, s, src); err != nil {
		return nil, err
	}
	for _, e := range s.edits {
		if err := e.apply(src.dir); err != nil {
			return nil, err
		}
	}
	if err := copyOverlay(filepath.Join(l.repository, "internal/peers/probe"), filepath.Join(src.dir, probeDir), probe); err != nil {
		return nil, err
	}
	for to, overlay := range s.overlays {
		if err := copyOverlay(filepath.Join(l.overlays(), overlay), filepath.Join(src.dir, to), probe); err != nil {
			return nil, err
		}
	}
	return src, nil
}

// removeCopy removes a copy. Folders of the module cache are read-only.
func removeCopy(dir string) error {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(path, 0o755)
		}
		return err
	})
	return os.RemoveAll(dir)
}

// copyModule copies a module from the module cache, and adds spor to its requirements.
func copyModule(ctx context.Context, l *layout, s *suite, src *source) error {
	from, err := download(ctx, l, s.module+"@"+s.version)
	if err != nil {
		return err
	}
	if err := copyTree(from, src.dir); err != nil {
		return err
	}
	requires := []string{"mod", "edit", "-require=github.com/nais/spor@v0.0.0", "-replace=github.com/nais/spor=" + l.repository}
	required, err := probeRequirements(ctx, l)
	if err != nil {
		return err
	}
	for _, r := range required {
		requires = append(requires, "-require="+r)
	}
	_, err = command(ctx, src.dir, nil, "go", requires...)
	return err
}

// copyTree copies the files of a folder. The copies can be written.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, info.Mode().Perm()|0o600)
	})
}

// download returns the folder of a module in the module cache.
func download(ctx context.Context, l *layout, module string) (string, error) {
	out, err := command(ctx, l.repository, nil, "go", "mod", "download", "-json", module)
	if err != nil {
		return "", err
	}
	var answer struct{ Dir, Error string }
	if err := json.Unmarshal(out, &answer); err != nil {
		return "", err
	}
	if answer.Error != "" {
		return "", errors.New(answer.Error)
	}
	return answer.Dir, nil
}

// probeRequirements returns the modules that the package probe needs, with the versions of
// this module's go.mod.
func probeRequirements(ctx context.Context, l *layout) ([]string, error) {
	out, err := command(ctx, filepath.Join(l.repository, "internal/peers"), nil, "go", "mod", "edit", "-json")
	if err != nil {
		return nil, err
	}
	var mod struct {
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		return nil, err
	}
	var required []string
	for _, r := range mod.Require {
		if strings.HasPrefix(r.Path, "go.opentelemetry.io/") {
			required = append(required, r.Path+"@"+r.Version)
		}
	}
	return required, nil
}

// command runs a program and returns its standard output. The error has its standard error.
func command(ctx context.Context, dir string, env []string, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args, " "), err, stdout.Bytes(), stderr.Bytes())
	}
	return stdout.Bytes(), nil
}

// copyFile copies a file, and makes the folder of the copy.
func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}
