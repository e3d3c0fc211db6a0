package main

import (
	"fmt"
	"os"
	"sync"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"

	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/recording"
)

// A recorder writes received requests to a file. A nil recorder does nothing.
type recorder struct {
	file     *os.File
	writer   *recording.Writer
	say      func(string)
	complain sync.Once
}

// newRecorder returns a recorder for the file o.record. It returns nil if o.record is empty.
func newRecorder(o runOptions, say func(string)) (*recorder, error) {
	if o.record == "" {
		return nil, nil
	}
	if info, err := os.Stat(o.record); err == nil && info.Mode().IsRegular() && info.Size() > 0 && !o.force {
		return nil, fmt.Errorf("--record %s: the file exists (--force replaces it)", o.record)
	}
	file, err := os.OpenFile(o.record, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) // logs may contain personal data
	if err != nil {
		return nil, err
	}
	return &recorder{
		file:   file,
		writer: recording.NewWriter(file),
		say:    say,
	}, nil
}

// resourceOf returns the resource of the log records that contain lines of stdout and stderr.
func resourceOf(o runOptions) *resourcepb.Resource {
	return &resourcepb.Resource{Attributes: []*commonpb.KeyValue{
		otlpattr.String("service.name", o.name),
		otlpattr.String("service.namespace", o.namespace),
	}}
}

func (r *recorder) request(req recording.Request) {
	if r != nil {
		r.check(r.writer.Write(req))
	}
}

// The method check reports the first error to the user. The program continues to run after an
// error, because the program is more important than the recording.
func (r *recorder) check(err error) {
	if err != nil {
		r.complain.Do(func() { r.say(fmt.Sprintf("the recording is not complete: %v", err)) })
	}
}

func (r *recorder) close() {
	if r != nil {
		r.check(r.file.Close())
	}
}
