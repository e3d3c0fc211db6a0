package mocks

import (
	"sync"

	"github.com/IBM/sarama"
)

// SporAsync wraps every AsyncProducer, and SporSync every SyncProducer. Both may be nil.
var (
	SporAsync func(sarama.AsyncProducer, *sarama.Config) sarama.AsyncProducer
	SporSync  func(sarama.SyncProducer, *sarama.Config) sarama.SyncProducer
)

// sporAsync and sporSync contain the wrappers. The methods of a mock call its wrapper, because a
// test needs the mock itself for its expectations.
var (
	sporAsync sync.Map // *AsyncProducer → sarama.AsyncProducer
	sporSync  sync.Map // *SyncProducer → sarama.SyncProducer
)

// NewAsyncProducer takes the place of the package's own function.
func NewAsyncProducer(t ErrorReporter, config *sarama.Config) *AsyncProducer {
	mp := sporNewAsyncProducer(t, config)
	if SporAsync != nil {
		sporAsync.Store(mp, SporAsync(bareAsync{mp}, config))
	}
	return mp
}

// NewSyncProducer takes the place of the package's own function.
func NewSyncProducer(t ErrorReporter, config *sarama.Config) *SyncProducer {
	sp := sporNewSyncProducer(t, config)
	if SporSync != nil {
		sporSync.Store(sp, SporSync(bareSync{sp}, config))
	}
	return sp
}

// bareAsync is the producer that the wrapper calls.
type bareAsync struct{ *AsyncProducer }

func (b bareAsync) Input() chan<- *sarama.ProducerMessage     { return b.sporInput() }
func (b bareAsync) Successes() <-chan *sarama.ProducerMessage { return b.sporSuccesses() }
func (b bareAsync) Errors() <-chan *sarama.ProducerError      { return b.sporErrors() }
func (b bareAsync) AsyncClose()                               { b.sporAsyncClose() }
func (b bareAsync) Close() error                              { return b.sporClose() }
func (b bareAsync) CommitTxn() error                          { return b.sporCommitTxn() }
func (b bareAsync) AbortTxn() error                           { return b.sporAbortTxn() }

func (mp *AsyncProducer) spor() sarama.AsyncProducer {
	if wrapper, ok := sporAsync.Load(mp); ok {
		return wrapper.(sarama.AsyncProducer)
	}
	return bareAsync{mp}
}

// These methods take the place of the producer's own methods.
func (mp *AsyncProducer) Input() chan<- *sarama.ProducerMessage     { return mp.spor().Input() }
func (mp *AsyncProducer) Successes() <-chan *sarama.ProducerMessage { return mp.spor().Successes() }
func (mp *AsyncProducer) Errors() <-chan *sarama.ProducerError      { return mp.spor().Errors() }
func (mp *AsyncProducer) AsyncClose()                               { mp.spor().AsyncClose() }
func (mp *AsyncProducer) Close() error                              { return mp.spor().Close() }
func (mp *AsyncProducer) CommitTxn() error                          { return mp.spor().CommitTxn() }
func (mp *AsyncProducer) AbortTxn() error                           { return mp.spor().AbortTxn() }

// bareSync is the producer that the wrapper calls.
type bareSync struct{ *SyncProducer }

func (b bareSync) SendMessage(msg *sarama.ProducerMessage) (partition int32, offset int64, err error) {
	return b.sporSendMessage(msg)
}

func (b bareSync) SendMessages(msgs []*sarama.ProducerMessage) error { return b.sporSendMessages(msgs) }
func (b bareSync) Close() error                                      { return b.sporClose() }
func (b bareSync) CommitTxn() error                                  { return b.sporCommitTxn() }
func (b bareSync) AbortTxn() error                                   { return b.sporAbortTxn() }

func (sp *SyncProducer) spor() sarama.SyncProducer {
	if wrapper, ok := sporSync.Load(sp); ok {
		return wrapper.(sarama.SyncProducer)
	}
	return bareSync{sp}
}

// SendMessage takes the place of the producer's own method, as the methods below do.
func (sp *SyncProducer) SendMessage(msg *sarama.ProducerMessage) (partition int32, offset int64, err error) {
	return sp.spor().SendMessage(msg)
}

func (sp *SyncProducer) SendMessages(msgs []*sarama.ProducerMessage) error {
	return sp.spor().SendMessages(msgs)
}
func (sp *SyncProducer) Close() error     { return sp.spor().Close() }
func (sp *SyncProducer) CommitTxn() error { return sp.spor().CommitTxn() }
func (sp *SyncProducer) AbortTxn() error  { return sp.spor().AbortTxn() }
