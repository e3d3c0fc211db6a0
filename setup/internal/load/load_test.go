//go:build !race

package load_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// delivered checks that every span arrived exactly once.
func delivered(t *testing.T, o outcome, s *sink) {
	t.Helper()
	if got := s.count(); got != o.Produced || o.Lost != "" {
		t.Errorf("got %d of %d spans: %s", got, o.Produced, o.Lost)
	}
}

// TestBurstLosesNothing checks that all spans are delivered that two goroutines end as fast as
// they can, to a collector in another process that decodes each of them: 200,000 spans, or
// 1,000,000 at full length. On a busy machine, the collector may get too little CPU time.
// Therefore, the test passes if one of three runs is successful.
func TestBurstLosesNothing(t *testing.T) {
	for try := 1; ; try++ {
		s := newSink(t)
		s.decodes = true
		o, lines := begin(t, plan{Spans: burst, From: 2}, "OTEL_EXPORTER_OTLP_ENDPOINT", s.endpoint()).end(t)
		t.Logf("%d of %d spans in %s, %d MiB: %s", s.count(), o.Produced, o.Took, o.RSSGrew>>20, lines)
		if try < 3 && (s.count() < o.Produced || o.RSSGrew > 96<<20) {
			continue
		}
		delivered(t, o, s)
		if o.RSSGrew > 96<<20 {
			t.Errorf("resident memory grew by %d MiB, want at most 96", o.RSSGrew>>20)
		}
		return
	}
}

func TestHighRateLosesNothing(t *testing.T) {
	s := newSink(t)
	spans := 1_000_000 / scale
	o, _ := begin(t, plan{Spans: spans, From: 2, Rate: 100_000}, "OTEL_EXPORTER_OTLP_ENDPOINT", s.endpoint()).end(t)
	delivered(t, o, s)
	t.Logf("%d spans in %s, %d MiB", o.Produced, o.Took, o.RSSGrew>>20)
}

// TestOutageLosesNothing checks that no span is lost during an outage. At full duration,
// the outage is longer than the time limit of a batch. All spans that end during the
// outage wait in memory.
func TestOutageLosesNothing(t *testing.T) {
	t.Parallel()
	const rate = 100
	outage := 90 * time.Second / scale
	after := 7 * time.Second // after the outage, exports reach the collector within five seconds
	s := newSink(t)
	p := begin(t, plan{Spans: rate * int((outage+after)/time.Second), From: 1, Rate: rate, Heap: true},
		"OTEL_EXPORTER_OTLP_ENDPOINT", s.endpoint(), "OTEL_BSP_SCHEDULE_DELAY", "200")
	for deadline := time.Now().Add(20 * time.Second); s.count() == 0; <-time.After(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no span has arrived after 20 s")
		}
	}
	s.server.Stop()
	<-time.After(outage)
	before, back := s.count(), time.Now()
	s.listen(t)
	for s.count() == before && time.Since(back) < 20*time.Second {
		<-time.After(10 * time.Millisecond)
	}
	took := time.Since(back)
	if took > 5*time.Second {
		t.Errorf("the first spans arrived %s after the collector was back, want at most five seconds", took)
	}
	o, lines := p.end(t)
	delivered(t, o, s)
	if grew := int64(o.Heap[len(o.Heap)-1]) - int64(o.Heap[0]); grew > 8<<20 {
		t.Errorf("the heap grew by %d MiB, want at most 8", grew>>20)
	}
	t.Logf("first spans after %s; heap %v; lines %d", took, o.Heap, len(lines))
}

// TestDeadCollectorCostsNoMemory checks that the memory of a program does not keep growing
// while there is no collector. GOMEMLIMIT is set to a low value, so that the buffer is
// soon full.
func TestDeadCollectorCostsNoMemory(t *testing.T) {
	t.Parallel()
	const rate, memory = 1000 * scale, 56 << 20
	const spans = rate * 600 / scale
	dead := newSink(t)
	dead.server.Stop()
	o, lines := begin(t, plan{Spans: spans, From: 2, Rate: rate, Heap: true, Shutdown: 5 * time.Second},
		"OTEL_EXPORTER_OTLP_ENDPOINT", dead.endpoint(), "GOMEMLIMIT", strconv.Itoa(memory)).end(t)
	if want := fmt.Sprintf("setup: %d of %d spans were not delivered", spans, spans); !strings.HasPrefix(o.Lost, want) {
		t.Errorf("got %q, want %q", o.Lost, want)
	}
	// The buffer may use an eighth of the memory. It is full before half of the spans have
	// ended.
	full, last := o.Heap[4], o.Heap[len(o.Heap)-1]
	if last > full+1<<20 {
		t.Errorf("the heap grew from %d to %d bytes: %v", full, last, o.Heap)
	}
	if o.RSSGrew > memory {
		t.Errorf("resident memory grew by %d MiB, want at most %d", o.RSSGrew>>20, memory>>20)
	}
	if most := int(o.Took/time.Minute) + 2; len(lines) > most {
		t.Errorf("got %d lines, want one per minute and one at the end: %s", len(lines), lines)
	}
	if o.Flush > 1100*time.Millisecond {
		t.Errorf("shutdown took %s, want about one second", o.Flush)
	}
	t.Logf("heap %v, resident %d MiB, shutdown %s, %d lines", o.Heap, o.RSSGrew>>20, o.Flush, len(lines))
}

// TestFullBufferDropsTheOldest checks that the oldest spans are dropped if the buffer is
// full, and that all dropped spans are counted.
func TestFullBufferDropsTheOldest(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	s.server.Stop()
	s.keeps = true
	// In the 15 seconds of the outage, the program ends 120,000 spans, which need about 8 MB
	// after they are compressed. The buffer has 4 MiB. After the outage, exports reach the
	// collector within five seconds.
	const spans = 168_000
	p := begin(t, plan{Spans: spans, From: 1, Rate: 8000}, "OTEL_EXPORTER_OTLP_ENDPOINT", s.endpoint(), "GOMEMLIMIT", "32MiB")
	<-time.After(15 * time.Second)
	s.listen(t)
	o, _ := p.end(t)
	var lost, all int
	if _, err := fmt.Sscanf(o.Lost, "setup: %d of %d spans", &lost, &all); err != nil {
		t.Fatalf("%q: %v", o.Lost, err)
	}
	got := s.received()
	if all != spans || len(got)+lost != spans || lost == 0 {
		t.Errorf("received %d + lost %d = %d of %d", len(got), lost, len(got)+lost, all)
	}
	// Some batches were being exported, or waited for another attempt, when the buffer was
	// full. They are older than the others, but cannot be dropped. Therefore, the dropped spans
	// are not exactly the oldest spans.
	const inFlight = 8 * 1024
	if oldest, kept := got[0], got[len(got)-1]-got[0]; kept-len(got) > inFlight {
		t.Errorf("kept %d spans from number %d on, but lost %d of the later ones", len(got), oldest, kept-len(got))
	}
	t.Logf("lost %d: %s", lost, o.Lost)
}
