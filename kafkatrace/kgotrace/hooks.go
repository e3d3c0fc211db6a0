package kgotrace

import (
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/nais/spor/kafkatrace"
)

// Opt returns the option for [kgo.NewClient] that turns on tracing and metrics for the
// client. Use the option for one client only.
func Opt(opts ...kafkatrace.Option) kgo.Opt {
	return kgo.WithHooks(&hooks{opts: opts})
}

// hooks implements the hooks that a client calls. No hook is needed for fetched records,
// because the program calls Process for them.
type hooks struct {
	opts   []kafkatrace.Option
	client atomic.Pointer[client]
}

var (
	_ kgo.HookNewClient               = (*hooks)(nil)
	_ kgo.HookClientClosed            = (*hooks)(nil)
	_ kgo.HookProduceRecordBuffered   = (*hooks)(nil)
	_ kgo.HookProduceRecordUnbuffered = (*hooks)(nil)
)

// OnNewClient is called before the first record is produced.
func (h *hooks) OnNewClient(cl *kgo.Client) {
	c := newClient(cl, h.opts)
	if _, twice := clients.LoadOrStore(cl, c); !twice {
		h.client.Store(c)
	}
}

// OnClientClosed is called after the last fetch.
func (h *hooks) OnClientClosed(cl *kgo.Client) {
	if known, ok := clients.LoadAndDelete(cl); ok {
		known.(*client).tracer.Close()
	}
}

// OnProduceRecordBuffered is called once per record, inside the call of Produce.
func (h *hooks) OnProduceRecordBuffered(r *kgo.Record) {
	c := h.client.Load()
	if c == nil { // the client has several Opts, and the hooks of another Opt trace the record
		return
	}
	r.Headers = withoutWritten(r.Headers)
	s := &sending{parent: r.Context, headers: r.Headers, acks: c.acks}
	s.message = kafkatrace.Message{
		Topic: r.Topic, Key: r.Key, Tombstone: r.Value == nil, Headers: (*produced)(&r.Headers),
	}
	s.Context, s.end = c.tracer.StartSend(r.Context, &s.message)
	s.written = r.Headers
	r.Context = s
}

// OnProduceRecordUnbuffered is called once per record, just before its promise.
func (h *hooks) OnProduceRecordUnbuffered(r *kgo.Record, err error) {
	if r.Context == nil {
		return
	}
	s, ok := r.Context.Value(sendingKey{}).(*sending)
	if !ok || s.end == nil {
		return
	}
	if err == nil && s.acks {
		s.message.Acked, s.message.Partition, s.message.Offset = true, r.Partition, r.Offset
	}
	s.end(err)
	s.end = nil
	s.giveBack(r, err)
}
