package standing

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// A Listener describes a spor listen that runs.
type Listener struct {
	GRPC   string `json:"grpc"`   // host:port of OTLP over gRPC
	HTTP   string `json:"http"`   // URL of OTLP over HTTP
	Viewer string `json:"viewer"` // URL of the viewer, with its key
}

// askTime is the longest time that Reserve waits for the lock. While spor run asks whether a
// listener runs, the lock cannot be taken.
const askTime = time.Second

// ErrRuns means that another spor listen of this user runs.
var ErrRuns = errors.New("spor listen already runs")

// The function open opens the file of this user, or creates it if flag contains O_CREATE. The caller
// must close it.
func open(flag int) (*os.File, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	name := filepath.Join(cache, "spor", "listen.json")
	if flag&os.O_CREATE != 0 {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(name, os.O_RDWR|flag|noFollow, 0o600)
	if err != nil {
		return nil, err
	}
	if !private(f) {
		_ = f.Close()
		return nil, fmt.Errorf("%s is not a file that only this user can read", f.Name())
	}
	return f, nil
}

// Reserve prevents that another spor listen of this user starts. It returns ErrRuns if one runs
// already. The caller must call release when it ends. The function announce makes
// the listener known to spor run.
func Reserve() (announce func(Listener) error, release func(), err error) {
	f, err := open(os.O_CREATE)
	if err != nil {
		return nil, nil, err
	}
	for deadline := time.Now().Add(askTime); !lock(f); time.Sleep(askTime / 100) { //nolint:forbidigo // flock has no timeout
		if time.Now().After(deadline) {
			_ = f.Close()
			return nil, nil, ErrRuns
		}
	}
	if err := f.Truncate(0); err != nil { // the addresses of a listener that has crashed
		_ = f.Close()
		return nil, nil, err
	}
	announce = func(l Listener) error {
		text, err := json.Marshal(l)
		if err != nil {
			return err
		}
		if err := f.Truncate(0); err != nil {
			return err
		}
		_, err = f.WriteAt(append(text, '\n'), 0)
		return err
	}
	release = func() {
		_ = f.Truncate(0) // the lock is what counts
		_ = f.Close()
	}
	return announce, release, nil
}

// Find returns the spor listen of this user. It reports false if none runs.
func Find() (l Listener, runs bool) {
	f, err := open(0)
	if err != nil {
		return Listener{}, false
	}
	defer func() { _ = f.Close() }()
	if !isLocked(f) {
		return Listener{}, false
	}
	text, err := io.ReadAll(io.LimitReader(f, 1<<16))
	if err != nil || json.Unmarshal(text, &l) != nil || l.GRPC == "" {
		return Listener{}, false
	}
	return l, true
}
