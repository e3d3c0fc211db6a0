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

// export sends one batch. It makes all the requests that are needed for this batch.
type export struct {
	collector *collector
	buffer    *buffer

	result     result
	parts      []*batch // parts of the batch that must still be sent
	searches   bool     // the export holds collector.search
	partFailed bool     // a part failed, and no part was accepted after that
}

// result describes what an export has found out about the collector.
type result struct {
	answered bool
	gone     error            // the error, if the collector cannot be reached
	dialling bool             // there was no connection for the request
	lost     bool             // the connection broke during a request
	stale    *grpc.ClientConn // the connection, if it may be broken
	pause    time.Duration    // time during which no requests may be sent
}

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

// send sends a batch. It divides the batch into halves if the batch is too large or refused.
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

var errTooLarge = errors.New("a span is larger than the collector accepts")

func (e *export) request(b *batch) {
	b.began = time.Now()
	if b.failures == 0 && !b.suspect {
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
	if sent && status.Code(err) == codes.DeadlineExceeded {
		v = e.judgeTimeout(b, conn)
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
	case unavailable, late, tryAgain:
		e.retry(b, v, err)
	case divide:
		e.refuse(b, err)
	case tooLarge:
		e.refuseSize(b, err)
	case refused:
		e.giveUp(b, spanstats.Rejected, err)
	}
}

// judgeTimeout returns the verdict for a request that timed out. If the collector has answered
// no request for some time, it may hang, or the connection may be broken. Then the connection is
// replaced. For the second timeout of a batch, the verdict is always tryAgain. Otherwise, a batch
// could be sent again and again to a collector that accepts it but does not answer.
func (e *export) judgeTimeout(b *batch, conn *grpc.ClientConn) verdict {
	silent, first := e.collector.silence() >= e.collector.timeout/2, !b.late
	b.late = true
	switch {
	case first && silent:
		e.result.stale = conn
		return unreachable
	case first:
		return late
	}
	return tryAgain
}

// post makes one request. If the collector accepted the request, but the response cannot be
// read, post returns a nil response and no error. sent is false if the request was not
// sent.
func (e *export) post(conn *grpc.ClientConn, b *batch) (_ *coltracepb.ExportTraceServiceResponse, sent bool, _ error) {
	ctx, cancel := context.WithTimeout(e.collector.life, e.timeout(b))
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

// finish counts the spans of a batch that the collector accepted. In an accepted batch, the
// collector may have rejected some of the spans. These spans are counted as dropped, and
// the others as delivered.
func (e *export) finish(b *batch, response *coltracepb.ExportTraceServiceResponse) {
	partly := response.GetPartialSuccess()
	rejected := int(min(max(partly.GetRejectedSpans(), 0), int64(len(b.spans))))
	e.buffer.limits.deliver(len(b.spans) - rejected)
	e.buffer.limits.drop(spanstats.Rejected, rejected)
	e.buffer.release(b)
	e.partFailed = false
	e.collector.accept(b.own > 0)
	e.collector.late.Store(time.Since(b.began) > e.collector.timeout)
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

// refuse handles a batch that the collector refused. It searches for the spans because of
// which the collector refuses the batch. If it finds them, only these spans are dropped.
// Otherwise, the whole batch is dropped.
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

// refuseSize handles a batch that is too large for the collector. It divides the batch. If
// the batch cannot be divided, it drops the batch. After that, only parts with fewer bytes
// than this batch are sent.
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

// beginSearch starts a search for refused spans. If another export is searching,
// beginSearch first waits. It waits until the collector has accepted a part in the other
// search, or until the other search has ended. Therefore, if a collector refuses
// everything, there is one long search, and not one long search per request in flight.
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

// endSearch ends the search of this export. It does nothing if this export is not
// searching.
func (e *export) endSearch() {
	if e.searches {
		e.searches = false
		e.collector.search.Unlock()
	}
}

// divide divides a batch into halves, and adds the halves to the end of the list of parts.
// Therefore, large parts are sent before small parts. In this order, the export finds out
// sooner whether the collector refuses everything or only some spans.
func (e *export) divide(b *batch) {
	b.accepted = e.collector.accepted.Load()
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
