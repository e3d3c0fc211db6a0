package saramatrace

import (
	"sync"
	"time"

	"github.com/IBM/sarama"
)

// answerTimeout is how long an error may take to come back where successes do not, and
// mostPending of how many messages it is waited for.
const (
	answerTimeout = 10 * time.Second
	mostPending   = 10_000
)

// sendings are the messages on their way.
type sendings struct {
	answered bool // successes come back

	mu             sync.Mutex
	of             map[*sarama.ProducerMessage]*sending
	oldest, newest *sending
	timer          *time.Timer
}

func (l *sendings) add(s *sending) {
	l.mu.Lock()
	if l.of == nil {
		l.of = map[*sarama.ProducerMessage]*sending{}
	}
	s.same = l.of[s.sent]
	l.of[s.sent] = s
	s.older = l.newest
	if l.newest != nil {
		l.newest.newer = s
	} else {
		l.oldest = s
	}
	l.newest = s
	late := l.late()
	l.mu.Unlock()
	forget(late)
}

// finish ends the span of msg, if it has one.
func (l *sendings) finish(msg *sarama.ProducerMessage, err error) {
	l.mu.Lock()
	s := l.of[msg]
	if s != nil {
		l.remove(s)
	}
	l.mu.Unlock()
	if s != nil {
		s.finish(err)
	}
}

// remove is called with the lock held.
func (l *sendings) remove(s *sending) {
	if s.same != nil {
		l.of[s.sent] = s.same
	} else {
		delete(l.of, s.sent)
	}
	if s.older != nil {
		s.older.newer = s.newer
	} else {
		l.oldest = s.newer
	}
	if s.newer != nil {
		s.newer.older = s.older
	} else {
		l.newest = s.older
	}
}

// late takes out those of which no error came back in time, and sees to it that
// somebody looks again. It is called with the lock held.
func (l *sendings) late() (late []*sending) {
	if l.answered {
		return nil
	}
	for s := l.oldest; s != nil; s = l.oldest {
		left := answerTimeout - time.Since(s.handed)
		if left > 0 && len(l.of) <= mostPending {
			l.look(left)
			break
		}
		l.remove(s)
		late = append(late, s)
	}
	return late
}

func (l *sendings) look(after time.Duration) {
	if l.timer != nil {
		l.timer.Reset(after)
		return
	}
	l.timer = time.AfterFunc(after, func() {
		l.mu.Lock()
		late := l.late()
		l.mu.Unlock()
		forget(late)
	})
}

// forget ends spans that nobody will tell more of. Their messages may still be
// sarama's.
func forget(all []*sending) {
	for _, s := range all {
		s.end(s.outcome(nil))
	}
}

// close ends the spans of which nobody has told anything.
func (l *sendings) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
	}
	for s := l.oldest; s != nil; s = s.newer {
		s.end(s.outcome(nil))
	}
	l.of, l.oldest, l.newest = nil, nil, nil
}
