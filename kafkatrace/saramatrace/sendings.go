package saramatrace

import (
	"sync"
	"time"

	"github.com/IBM/sarama"
)

// If sarama does not return successes, the producer does not know whether a message that
// sarama got will fail. For each message, the producer waits at most answerTimeout for an
// error. It waits for at most mostPending messages at the same time.
const (
	answerTimeout = 10 * time.Second
	mostPending   = 10_000
)

// sendings contains the messages whose spans have not ended.
type sendings struct {
	answered bool // true if sarama returns successes

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

// remove removes s. The caller must hold the lock.
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

// late removes and returns the messages for which the producer no longer waits. If other
// messages remain, it starts the timer for the next check. The caller must hold the lock.
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

// forget ends the spans of messages for which the producer no longer waits. It does not
// change the messages, because sarama may still use them.
func forget(all []*sending) {
	for _, s := range all {
		s.end(s.outcome(nil))
	}
}

// close ends the spans of messages for which sarama returned no answer.
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
