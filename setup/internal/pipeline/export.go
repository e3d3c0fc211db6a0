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

// export is one batch in flight, with all the requests that it takes.
type export struct {
	collector *collector
	buffer    *buffer

	result     result
	parts      []*batch // of the batch, still to be sent
	searches   bool     // it holds the lock of the search
	partFailed bool     // a part failed, and no other part was accepted since
}

// result is what an export has learned of the collector.
type result struct {
	answered bool             // the collector is there
	gone     error            // why it cannot be reached
	dialling bool             // there was no connection either
	stale    *grpc.ClientConn // the connection that may lead nowhere
	pause    time.Duration    // for how long it asks for no requests
}

// run sends a batch until each span of it is finished or parked.
func (e *export) run(b *batch) result {
	e.send(b)
	for len(e.parts) > 0 {
		part := e.parts[0]
		e.parts = e.parts[1:]
		e.send(part)
	}
	e.endSearch()
	e.buffer.finish(b)
	return e.result
}

// send sends a batch, and has its halves sent if it is too large or refused.
func (e *export) send(b *batch) {
	if !b.whole {
		e.buffer.compose(b)
	}
	switch {
	case e.collector.life.Err() != nil:
		e.drop(b, spanstats.AfterShutdown)
	case b.halving != nil && b.halving.Err() != nil:
		e.giveUp(b, spanstats.Rejected, b.halving.Err())
	case e.result.gone != nil || e.result.pause > 0:
		e.buffer.park(b)
	case len(b.body.bytes) > b.halving.largestPart() && len(b.spans) > 1:
		e.divide(b)
	case len(b.body.bytes) > b.halving.largestPart():
		e.drop(b, spanstats.TooBig)
		e.collector.trouble.GaveUp(errTooLarge)
	case b.suspect && e.halves(b, nil):
	default:
		e.request(b)
	}
}

var errTooLarge = errors.New("a span is larger than a collector takes")

func (e *export) request(b *batch) {
	b.began = time.Now()
	if b.failures == 0 {
		b.accepted = e.collector.accepted.Load()
	}
	conn := e.collector.conn.Load()
	response, sent, err := e.post(conn, b)
	if err == nil {
		e.result.answered = true
		e.finish(b, response)
		return
	}
	if e.collector.life.Err() != nil {
		e.drop(b, spanstats.AfterShutdown)
		e.collector.trouble.GaveUp(err)
		return
	}
	v := judge(err, sent)
	if e.isSilent(b, err, sent) {
		b.unanswered, e.result.stale, v = true, conn, unreachable
	}
	if status.Code(err) == codes.Canceled && conn != e.collector.conn.Load() {
		v = unreachable // the connection was replaced
	}
	e.result.answered = e.result.answered || v > unavailable && status.Code(err) != codes.DeadlineExceeded
	switch v {
	case unreachable:
		e.wait(b, err, sent)
	case lost:
		e.lose(b, err)
	case unavailable, tryAgain:
		e.retry(b, v, err)
	case divide:
		e.refuse(b, err)
	case tooLarge:
		e.refuseSize(b, err)
	case refused:
		e.giveUp(b, spanstats.Rejected, err)
	}
}

// isSilent reports whether the collector has said nothing for as long as b had:
// it may be frozen, or the connection lead nowhere. A batch has that chance once,
// since such a collector may have taken it.
func (e *export) isSilent(b *batch, err error, sent bool) bool {
	return sent && !b.unanswered && status.Code(err) == codes.DeadlineExceeded && e.collector.silence() >= e.collector.timeout
}

// post makes one request. The response is nil if it cannot be read.
func (e *export) post(conn *grpc.ClientConn, b *batch) (_ *coltracepb.ExportTraceServiceResponse, sent bool, _ error) {
	ctx, cancel := context.WithTimeout(e.collector.life, e.collector.timeout)
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

// finish counts the spans of a batch that the collector took, except those that it
// rejected, as delivered.
func (e *export) finish(b *batch, response *coltracepb.ExportTraceServiceResponse) {
	partly := response.GetPartialSuccess()
	rejected := int(min(max(partly.GetRejectedSpans(), 0), int64(len(b.spans))))
	e.buffer.limits.deliver(len(b.spans) - rejected)
	e.buffer.limits.drop(spanstats.Rejected, rejected)
	e.buffer.release(b)
	e.partFailed = false
	e.collector.accept(b.own > 0)
	if b.halving != nil {
		b.halving.Accept()
		e.endSearch()
	}
	switch {
	case rejected > 0:
		e.collector.trouble.GaveUp(errors.New("collector rejected spans: " + partly.GetErrorMessage()))
	case partly.GetErrorMessage() != "":
		e.collector.trouble.Warning(partly.GetErrorMessage())
	}
}

// refuse drops a batch that the collector refuses, or the spans of it that it
// refuses if they can be found.
func (e *export) refuse(b *batch, err error) {
	if b.halving == nil {
		e.beginSearch(b)
	}
	if b.halving.Refuse(err) && len(b.spans) > 1 {
		e.divide(b)
		return
	}
	if b.halving.Err() != nil {
		e.collector.refusesAll.Store(true)
		e.endSearch()
	}
	e.giveUp(b, spanstats.Rejected, err)
}

// refuseSize drops a batch that is too large for the collector, or has its halves
// sent. Parts that are as large are not sent any more.
func (e *export) refuseSize(b *batch, err error) {
	if b.halving == nil {
		b.halving = NewHalving(len(b.spans))
	}
	if b.halving.refuseSize(len(b.body.bytes)) && len(b.spans) > 1 {
		e.divide(b)
		return
	}
	e.giveUp(b, spanstats.TooBig, err)
}

// beginSearch waits until other searches have found whether the collector accepts
// anything: a collector that refuses everything gets one long search, and not one
// per request in flight.
func (e *export) beginSearch(b *batch) {
	if len(b.spans) > 1 && !e.searches {
		e.collector.search.Lock()
		e.searches = true
	}
	b.halving = NewHalving(len(b.spans))
	if e.collector.refusesAll.Load() {
		b.halving.bound = mostIfAllRefused
	}
}

func (e *export) endSearch() {
	if e.searches {
		e.searches = false
		e.collector.search.Unlock()
	}
}

// divide has the halves of a batch sent, after the other parts: whether a whole
// batch is refused, and not single spans of it, is known sooner in that order.
func (e *export) divide(b *batch) {
	first, second := b.halves()
	e.buffer.compose(first)
	e.buffer.compose(second)
	e.buffer.release(b)
	e.parts = append(e.parts, first, second)
}

func (e *export) drop(b *batch, reason spanstats.Reason) {
	e.buffer.limits.drop(reason, len(b.spans))
	e.buffer.release(b)
}

func (e *export) giveUp(b *batch, reason spanstats.Reason, err error) {
	e.drop(b, reason)
	e.collector.trouble.GaveUp(err)
}
