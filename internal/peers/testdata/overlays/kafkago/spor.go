package kafka

import (
	"context"
	"sync"
)

// A SporWriter and a SporReader are a Writer and a Reader with spor.
type (
	SporWriter interface {
		WriteMessages(context.Context, ...Message) error
		Close() error
	}
	SporReader interface {
		CommitMessages(context.Context, ...Message) error
		Close() error
	}
)

// SporWrapWriter and SporWrapReader wrap every Writer and every Reader. SporFetched gets every
// message that was read. All may be nil.
var (
	SporWrapWriter func(*Writer) SporWriter
	SporWrapReader func(*Reader) SporReader
	SporFetched    func(SporReader, Message)
)

// sporWrappers contains the wrappers.
var sporWrappers struct {
	sync.Mutex

	writers map[*Writer]SporWriter
	readers map[*Reader]SporReader
}

// within is the key of a context in which a wrapper calls the method that it wraps.
type within struct{}

func sporWithin(ctx context.Context) bool { return ctx.Value(within{}) != nil }

func sporContext(ctx context.Context) context.Context { return context.WithValue(ctx, within{}, true) }

// spor returns the wrapper of a writer. A writer is wrapped when it is first used, because the
// fields of a writer have to be set before.
func (w *Writer) spor() SporWriter {
	sporWrappers.Lock()
	defer sporWrappers.Unlock()
	wrapper := sporWrappers.writers[w]
	if wrapper == nil && SporWrapWriter != nil {
		wrapper = SporWrapWriter(w)
		if sporWrappers.writers == nil {
			sporWrappers.writers = map[*Writer]SporWriter{}
		}
		sporWrappers.writers[w] = wrapper
	}
	return wrapper
}

// spor returns the wrapper of a reader.
func (r *Reader) spor() SporReader {
	sporWrappers.Lock()
	defer sporWrappers.Unlock()
	wrapper := sporWrappers.readers[r]
	if wrapper == nil && SporWrapReader != nil {
		wrapper = SporWrapReader(r)
		if sporWrappers.readers == nil {
			sporWrappers.readers = map[*Reader]SporReader{}
		}
		sporWrappers.readers[r] = wrapper
	}
	return wrapper
}

// WriteMessages takes the place of the writer's own method.
func (w *Writer) WriteMessages(ctx context.Context, msgs ...Message) error {
	if SporWrapWriter == nil || sporWithin(ctx) {
		return w.sporWriteMessages(ctx, msgs...)
	}
	return w.spor().WriteMessages(sporContext(ctx), msgs...)
}

// Close takes the place of the writer's own method.
func (w *Writer) Close() error {
	sporWrappers.Lock()
	wrapper := sporWrappers.writers[w]
	delete(sporWrappers.writers, w)
	sporWrappers.Unlock()
	if wrapper == nil {
		return w.sporClose()
	}
	return wrapper.Close()
}

// FetchMessage takes the place of the reader's own method. ReadMessage calls it.
func (r *Reader) FetchMessage(ctx context.Context) (Message, error) {
	msg, err := r.sporFetchMessage(ctx)
	if err == nil && SporFetched != nil {
		SporFetched(r.spor(), msg)
	}
	return msg, err
}

// CommitMessages takes the place of the reader's own method.
func (r *Reader) CommitMessages(ctx context.Context, msgs ...Message) error {
	if SporWrapReader == nil || sporWithin(ctx) {
		return r.sporCommitMessages(ctx, msgs...)
	}
	return r.spor().CommitMessages(sporContext(ctx), msgs...)
}

// Close takes the place of the reader's own method.
func (r *Reader) Close() error {
	sporWrappers.Lock()
	wrapper := sporWrappers.readers[r]
	delete(sporWrappers.readers, r)
	sporWrappers.Unlock()
	if wrapper == nil {
		return r.sporClose()
	}
	return wrapper.Close()
}
