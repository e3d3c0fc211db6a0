// Package kafkagotrace traces and measures segmentio/kafka-go.
//
// Wrap the writer and the reader:
//
//	writer := kafkagotrace.NewWriter(&kafka.Writer{Addr: addr, Topic: "orders"})
//	err := writer.WriteMessages(ctx, message)
//
//	reader := kafkagotrace.NewReader(kafka.NewReader(config))
//	message, err := reader.FetchMessage(ctx)
//	err = reader.Process(ctx, message, func(ctx context.Context) error {
//		return handle(ctx, message)
//	})
//
// Each message that is written makes a PRODUCER span named <topic> publish, a child
// of the span in ctx, until the broker has answered or, where nobody waits for it,
// the message has left. Each message that is processed makes a CONSUMER span named
// <topic> process, a child of the former. See package kafkatrace for what both have
// and what is measured, and for what is never recorded.
//
// Messages come back as they were given: Completion is called with the program's
// own WriterData and Headers, and the slice that WriteMessages is given is not
// changed.
//
// Traps: a message that is read and not handed to Process has no span. WriteMessages
// waits for its batch to be full or BatchTimeout old, by default a second, and so do
// its spans. A message that it gave up waiting for may still arrive; its span says
// what became of it. Topic and partition of what is written are known once the
// broker has answered, and not without acknowledgements, which is the default of a
// Writer. kafka-go reads an empty value as none, so that there are no tombstones on
// what is processed. ReadMessage commits before the message is processed; use
// FetchMessage and CommitMessages to process each at least once.
package kafkagotrace
