package saramatrace

import (
	"sync"
	"time"
	"weak"

	"github.com/IBM/sarama"
)

// If sarama does not return both successes and errors, the producer does not know whether
// sarama will return a message. For each message, the producer waits at most answerTimeout. It
// waits for at most mostPending messages at the same time.
const (
	answerTimeout = 10 * time.Second
	mostPending   = 10_000
)

// sendings contains the messages whose spans have not ended.
type sendings struct {
	successes, errors bool // what sarama returns
	acks              bool // the brokers acknowledge messages

	mu             sync.Mutex
	of             map[any]*sending
	oldest, newest *sending
	timer          *time.Timer
}

// answered reports whether sarama returns each message.
func (l *sendings) answered() bool { return l.successes && l.errors }

// key returns the key of msg in l.of. If sarama may not return msg, the key does not keep msg
// in memory.
func (l *sendings) key(msg *sarama.ProducerMessage) any {
	if l.answered() {
		return msg
	}
	return weak.Make(msg)
}

func (l *sendings) add(s *sending) {
	s.key = l.key(s.sent)
	if !l.answered() {
		s.letGo()
	}
	if !l.successes && !l.errors {
		s.end(s.outcome(nil))
		return
	}
	l.mu.Lock()
	if l.of == nil {
		l.of = map[any]*sending{}
	}
	s.same = l.of[s.key]
	l.of[s.key] = s
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
	key := l.key(msg)
	l.mu.Lock()
	s := l.of[key]
	if s != nil {
		l.remove(s)
	}
	l.mu.Unlock()
	if s == nil {
		return
	}
	if s.sent == nil {
		s.sent = msg
		if err == nil {
			s.handed = time.Time{}
		}
	}
	s.finish(err, l.acks)
}

// remove removes s. The caller must hold the lock.
func (l *sendings) remove(s *sending) {
	if s.same != nil {
		l.of[s.key] = s.same
	} else {
		delete(l.of, s.key)
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
	if l.answered() {
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

// close ends the spans of messages that sarama did not return.
func (l *sendings) close() {
	l.mu.Lock()
	left := l.oldest
	if l.timer != nil {
		l.timer.Stop()
	}
	l.of, l.oldest, l.newest = nil, nil, nil
	l.mu.Unlock()
	for s := left; s != nil; s = s.newer {
		if s.sent != nil {
			s.finish(errNotSent, l.acks)
		} else {
			s.end(s.outcome(nil))
		}
	}
}
