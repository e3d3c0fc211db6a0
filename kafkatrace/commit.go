package kafkatrace

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// Commit calls fn, which commits what was processed, measures it, and returns what
// fn does. With [WithCommitSpans] it is in a CLIENT span, which is linked to the
// spans of what was processed since the last commit, 128 at most.
func (t *Tracer) Commit(ctx context.Context, fn func(context.Context) error) error {
	tracer, measures := t.watched(ctx)
	if !t.commits {
		tracer = nil
	}
	if tracer == nil && measures == nil {
		return fn(ctx)
	}
	what := subject{commit, "", -1}
	d := t.spans.of(what)
	opts := d.start
	if tracer != nil {
		opts = d.with(trace.WithLinks(t.uncommitted.take()...))
	}
	start := measures.now()
	ctx, span := begin(ctx, tracer, d.name, opts)
	o := outcome{"_OTHER", true} // of a panic
	defer func() {
		if span.IsRecording() {
			o.describe(span)
		}
		span.End()
		if measures != nil {
			measures.settled(ctx, t.series.of(what, o), time.Since(start))
		}
	}()
	err := fn(ctx)
	o = classify(err)
	return err
}

// uncommitted is the spans of what was processed since the last commit.
type uncommitted struct {
	mu    sync.Mutex
	links []trace.Link
}

func (u *uncommitted) add(sc trace.SpanContext) {
	if !sc.IsSampled() {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.links) < mostLinks {
		u.links = append(u.links, trace.Link{SpanContext: sc})
	}
}

func (u *uncommitted) take() []trace.Link {
	u.mu.Lock()
	defer u.mu.Unlock()
	links := u.links
	u.links = nil
	return links
}
