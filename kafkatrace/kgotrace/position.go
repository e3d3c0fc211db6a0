package kgotrace

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A place is a partition of a topic.
type place struct {
	topic     string
	partition int32
}

// positions measures the lag between polls. Only franz-go knows the position of the
// consumer, which passes the records that the program does not get: control records, and
// records of aborted transactions. Each time franz-go builds a fetch request, it passes the
// distance between the high watermark and the position to a [kgo.PreferLagFn]. franz-go
// builds no request for a partition that is paused, or whose records are not yet polled.
//
// If franz-go does not know the high watermark, it passes a distance of 0. It learns the
// high watermark from the response that contains the first records, and forgets it when it
// moves the position. Therefore, positions uses a distance of 0 only if the high watermark
// is known.
type positions struct {
	set func(topic string, partition int32, lag int64)

	mu     sync.Mutex
	known  map[place]bool // the partitions whose high watermark is known
	moving int            // the number of calls that are moving positions
}

// fetching is a [kgo.PreferLagFn] that does not change the order of partitions.
func (p *positions) fetching(distances map[string]map[int32]int64, _ []string, _ map[string][]int32) ([]string, map[string][]int32) {
	for topic, partitions := range distances {
		for partition, distance := range partitions {
			if p.knows(place{topic, partition}, distance > 0) {
				p.set(topic, partition, distance)
			}
		}
	}
	return nil, nil
}

// knows reports whether the high watermark of a partition is known. If certain is true, it is
// known from now on.
func (p *positions) knows(at place, certain bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !certain || p.moving > 0 {
		return certain || p.known[at]
	}
	if p.known == nil {
		p.known = map[place]bool{}
	}
	p.known[at] = true
	return true
}

// forget is called when franz-go may move positions. While done has not been called,
// franz-go may do so at any time.
func (p *positions) forget() (done func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known = nil
	p.moving++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.moving--
	}
}

// moves reports whether franz-go sends a request with this key before it moves positions.
// Each time it gets partitions or moves them to another broker, it sends one of these
// requests.
func moves(key int16) bool {
	const listOffsets, offsetFetch, offsetForLeaderEpoch = 2, 9, 23
	return key == listOffsets || key == offsetFetch || key == offsetForLeaderEpoch
}

// SetOffsets is [kgo.Client.SetOffsets]. Call it on a Client and not on the embedded
// kgo.Client, so that the lag is correct until the first fetch from the new offsets.
func (c *Client) SetOffsets(offsets map[string]map[int32]kgo.EpochOffset) {
	defer c.positions.forget()()
	c.Client.SetOffsets(offsets)
}

// AddConsumePartitions is [kgo.Client.AddConsumePartitions]. See SetOffsets.
func (c *Client) AddConsumePartitions(partitions map[string]map[int32]kgo.Offset) {
	defer c.positions.forget()()
	c.Client.AddConsumePartitions(partitions)
}

// AddConsumeTopics is [kgo.Client.AddConsumeTopics]. See SetOffsets.
func (c *Client) AddConsumeTopics(topics ...string) {
	defer c.positions.forget()()
	c.Client.AddConsumeTopics(topics...)
}
