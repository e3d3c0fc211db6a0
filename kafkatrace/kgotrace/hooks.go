package kgotrace

import (
	"cmp"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel"

	"github.com/nais/spor/kafkatrace"
)

// Opt returns the option that passes opts to [NewClient]. For a client that other code
// makes, pass Opt to [kgo.NewClient]: it traces the records that the client sends, and
// [Wrap] returns the [Client]. If a client has several Opts, only the first is used. Several
// clients that [NewClient] makes may share an Opt. For [kgo.NewClient], use an Opt for one
// client only. If two open clients share it nevertheless, an error is reported to
// [otel.Handle], and the records that both send have the client ID of the first client.
func Opt(opts ...kafkatrace.Option) kgo.Opt {
	return newOption(opts)
}

type option struct {
	kgo.Opt

	hooks *hooks
}

func newOption(opts []kafkatrace.Option) *option {
	h := &hooks{opts: opts}
	return &option{Opt: kgo.WithHooks(h), hooks: h}
}

// withOwnHooks returns opts for one client. In the result, each Opt has hooks that no other
// client has. If opts has no Opt, withOwnHooks adds one. It also adds the option that
// measures the lag between polls. The program's own [kgo.ConsumePreferringLagFn] overrides
// this option.
func withOwnHooks(opts []kgo.Opt) []kgo.Opt {
	own, used := slices.Clone(opts), (*hooks)(nil)
	for i, opt := range own {
		if o, ok := opt.(*option); ok {
			o = newOption(o.hooks.opts)
			own[i], used = o, cmp.Or(used, o.hooks)
		}
	}
	if used == nil {
		o := newOption(nil)
		own, used = append(own, o), o.hooks
	}
	return slices.Insert(own, 0, kgo.Opt(kgo.ConsumePreferringLagFn(used.fetching)))
}

// hooks implements the hooks that a client calls. No hook is needed for fetched records,
// because the program calls Process for them.
type hooks struct {
	opts   []kafkatrace.Option
	client atomic.Pointer[Client]
}

var (
	_ kgo.HookNewClient               = (*hooks)(nil)
	_ kgo.HookClientClosed            = (*hooks)(nil)
	_ kgo.HookBrokerE2E               = (*hooks)(nil)
	_ kgo.HookProduceRecordBuffered   = (*hooks)(nil)
	_ kgo.HookProduceRecordUnbuffered = (*hooks)(nil)
)

// hooksOf returns the hooks of the first Opt of cl. It returns nil if cl has no Opt.
func hooksOf(cl *kgo.Client) *hooks {
	v := reflect.ValueOf(cl.OptValue(kgo.WithHooks))
	if v.Kind() != reflect.Slice {
		return nil
	}
	for i := range v.Len() {
		if h, ok := reflect.TypeAssert[*hooks](v.Index(i)); ok {
			return h
		}
	}
	return nil
}

// OnNewClient is called before the first record is produced. If h belongs to an open client,
// OnNewClient reports an error, because the hooks for records do not get the client.
func (h *hooks) OnNewClient(cl *kgo.Client) {
	first := h.client.Load()
	switch {
	case hooksOf(cl) != h, first != nil && first.Client == cl: // cl has several Opts
	case first != nil && !first.closed.Load(), !h.client.CompareAndSwap(first, newClient(cl, h.opts)):
		otel.Handle(errUntraced)
	}
}

func (h *hooks) OnClientClosed(cl *kgo.Client) {
	if c := h.client.Load(); c != nil && c.Client == cl {
		c.close()
	}
}

// OnBrokerE2E is called once per request, after its response was read or the request failed.
// franz-go handles the response after that.
func (h *hooks) OnBrokerE2E(_ kgo.BrokerMetadata, key int16, _ kgo.BrokerE2E) {
	if c := h.client.Load(); c != nil && moves(key) {
		c.positions.forget()()
	}
}

// fetching is called once per fetch request.
func (h *hooks) fetching(distances map[string]map[int32]int64, topics []string, partitions map[string][]int32) ([]string, map[string][]int32) {
	if c := h.client.Load(); c != nil {
		return c.positions.fetching(distances, topics, partitions)
	}
	return nil, nil
}

// OnProduceRecordBuffered is called once per record, inside the call of Produce.
func (h *hooks) OnProduceRecordBuffered(r *kgo.Record) {
	c := h.client.Load()
	if c == nil { // the client has several Opts, and the hooks of another Opt trace the record
		return
	}
	if s, ok := r.Context.(*sending); ok && s.message.Headers == (*produced)(&r.Headers) { // the client has h twice
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
	s.giveBack(r)
}
