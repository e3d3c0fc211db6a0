package pipeline

import (
	"context"
	"errors"
	"time"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/setup/internal/spanstats"
)

// flight is one batch on its way, with all the requests that it takes.
type flight struct {
	*sender
	answered bool             // the collector is there
	gone     error            // why it cannot be reached
	dialling bool             // there was no connection either
	stale    *grpc.ClientConn // the connection that may lead nowhere
	pause    time.Duration    // how long it asks to be left alone
	parts    []*batch         // of the batch, still to be sent
	searches bool             // it holds the lock of searches
	doubted  bool             // a part failed, and no other part was accepted since
}

// fly sends a batch until each span of it is settled or parked.
func (s *sender) fly(b *batch) {
	f := &flight{sender: s}
	f.send(b)
	for len(f.parts) > 0 {
		part := f.parts[0]
		f.parts = f.parts[1:]
		f.send(part)
	}
	f.endSearch()
	s.buffer.landed(b)
	s.landings <- f
}

// send sends a batch, and has its halves sent if it is too large or refused.
func (f *flight) send(b *batch) {
	if !b.whole {
		f.buffer.compose(b)
	}
	switch {
	case f.life.Err() != nil:
		f.drop(b, spanstats.AfterShutdown)
	case b.halving != nil && b.halving.Hopeless() != nil:
		f.giveUp(b, spanstats.Rejected, b.halving.Hopeless())
	case f.gone != nil || f.pause > 0:
		f.buffer.park(b)
	case len(b.body.bytes) > b.halving.largestPart() && len(b.spans) > 1:
		f.divide(b)
	case len(b.body.bytes) > b.halving.largestPart():
		f.drop(b, spanstats.TooBig)
		f.trouble.GaveUp(errTooLarge)
	case b.suspect && f.halves(b, nil):
	default:
		f.request(b)
	}
}

var errTooLarge = errors.New("a span is larger than a collector takes")

func (f *flight) request(b *batch) {
	b.began = time.Now()
	if b.failures == 0 {
		b.accepted = f.accepted.Load()
	}
	conn := f.conn.Load()
	response, sent, err := f.post(conn, b)
	if err == nil {
		f.answered = true
		f.settle(b, response)
		return
	}
	if f.life.Err() != nil {
		f.drop(b, spanstats.AfterShutdown)
		f.trouble.GaveUp(err)
		return
	}
	v := judge(err, sent)
	if f.isSilent(b, err, sent) {
		b.unheard, f.stale, v = true, conn, unreachable
	}
	if status.Code(err) == codes.Canceled && conn != f.conn.Load() {
		v = unreachable // the connection was replaced
	}
	f.answered = f.answered || v > unavailable && status.Code(err) != codes.DeadlineExceeded
	switch v {
	case unreachable:
		f.wait(b, err, sent)
	case lost:
		f.lose(b, err)
	case unavailable, tryAgain:
		f.retry(b, v, err)
	case divide:
		f.refuse(b, err)
	case tooLarge:
		f.refuseSize(b, err)
	case refused:
		f.giveUp(b, spanstats.Rejected, err)
	}
}

// isSilent reports whether the collector has said nothing for as long as b had:
// it may be frozen, or the connection lead nowhere. A batch has that chance once,
// since such a collector may have taken it.
func (f *flight) isSilent(b *batch, err error, sent bool) bool {
	return sent && !b.unheard && status.Code(err) == codes.DeadlineExceeded && f.silence() >= f.timeout
}

// post makes one request. The response is nil if it cannot be read.
func (f *flight) post(conn *grpc.ClientConn, b *batch) (_ *coltracepb.ExportTraceServiceResponse, sent bool, _ error) {
	ctx, cancel := context.WithTimeout(f.life, f.timeout)
	defer cancel()
	m := &message{body: b.body}
	response := &coltracepb.ExportTraceServiceResponse{}
	var header metadata.MD
	err := conn.Invoke(ctx, exportMethod, m, response, grpc.ForceCodecV2(codec{}), grpc.Header(&header))
	if Taken(err, header) {
		return nil, true, nil
	}
	return response, m.sent.Load(), err
}

// settle settles a batch that the collector took, but for what it rejected.
func (f *flight) settle(b *batch, response *coltracepb.ExportTraceServiceResponse) {
	partly := response.GetPartialSuccess()
	rejected := int(min(max(partly.GetRejectedSpans(), 0), int64(len(b.spans))))
	f.buffer.deliver(len(b.spans) - rejected)
	f.buffer.drop(spanstats.Rejected, rejected)
	f.buffer.release(b)
	f.hopeless.Store(false)
	f.doubted = false
	f.accepted.Add(1)
	if b.own > 0 {
		now := time.Now()
		f.erratic.Store(&now)
	}
	if b.halving != nil {
		b.halving.Accept()
		f.endSearch()
	}
	switch {
	case rejected > 0:
		f.trouble.GaveUp(errors.New("collector rejected spans: " + partly.GetErrorMessage()))
	case partly.GetErrorMessage() != "":
		f.trouble.Warning(partly.GetErrorMessage())
	}
}

// refuse drops a batch that the collector refuses, or the spans of it that it
// refuses if they can be found.
func (f *flight) refuse(b *batch, err error) {
	if b.halving == nil {
		f.beginSearch(b)
	}
	if b.halving.Refuse(err) && len(b.spans) > 1 {
		f.divide(b)
		return
	}
	if b.halving.Hopeless() != nil {
		f.hopeless.Store(true)
		f.endSearch()
	}
	f.giveUp(b, spanstats.Rejected, err)
}

// refuseSize drops a batch that is too large for the collector, or has its halves
// sent. Parts that are as large are not sent any more.
func (f *flight) refuseSize(b *batch, err error) {
	if b.halving == nil {
		b.halving = NewHalving(len(b.spans))
	}
	if b.halving.refuseSize(len(b.body.bytes)) && len(b.spans) > 1 {
		f.divide(b)
		return
	}
	f.giveUp(b, spanstats.TooBig, err)
}

// beginSearch waits until other searches have found whether the collector accepts
// anything: a collector that refuses everything gets one long search, and not one
// per request in flight.
func (f *flight) beginSearch(b *batch) {
	if len(b.spans) > 1 && !f.searches {
		f.search.Lock()
		f.searches = true
	}
	b.halving = NewHalving(len(b.spans))
	if f.hopeless.Load() {
		b.halving.bound = hopelessRefusals
	}
}

func (f *flight) endSearch() {
	if f.searches {
		f.searches = false
		f.search.Unlock()
	}
}

// divide has the halves of a batch sent, after the other parts: whether a whole
// batch is refused, and not single spans of it, is known sooner in that order.
func (f *flight) divide(b *batch) {
	first, second := b.halves()
	f.buffer.compose(first)
	f.buffer.compose(second)
	f.buffer.release(b)
	f.parts = append(f.parts, first, second)
}

func (f *flight) drop(b *batch, reason spanstats.Reason) {
	f.buffer.drop(reason, len(b.spans))
	f.buffer.release(b)
}

func (f *flight) giveUp(b *batch, reason spanstats.Reason, err error) {
	f.drop(b, reason)
	f.trouble.GaveUp(err)
}
