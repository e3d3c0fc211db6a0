package saramatrace

import (
	"sync"
	"time"

	"github.com/IBM/sarama"
)

// patience is how long an error may take to come back where successes do not, and
// mostPending of how many messages it is waited for.
const (
	patience    = 10 * time.Second
	mostPending = 10_000
)

// sendings are the messages on their way.
type sendings struct {
	told bool // successes come back

	mu             sync.Mutex
	of             map[*sarama.ProducerMessage]*sending
	oldest, newest *sending // where they do not
	timer          *time.Timer
}

func (l *sendings) add(s *sending) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[*sarama.ProducerMessage]*sending{}
	}
	s.next = l.of[s.sent]
	l.of[s.sent] = s
	if !l.told {
		l.queue(s)
	}
}

// finish ends the span of msg, if it has one.
func (l *sendings) finish(msg *sarama.ProducerMessage, err error) {
	if s := l.take(msg); s != nil {
		s.finish(err)
	}
}

func (l *sendings) take(msg *sarama.ProducerMessage) *sending {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.of[msg]
	if s != nil {
		l.remove(s)
	}
	return s
}

// close ends the spans of which nobody has told anything.
func (l *sendings) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
	}
	for _, s := range l.of {
		for ; s != nil; s = s.next {
			s.end(nil)
		}
	}
	l.of = nil
}
