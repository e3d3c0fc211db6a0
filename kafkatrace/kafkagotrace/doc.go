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
// Each message that is written makes a PRODUCER span named <topic> publish, which is a
// child of the span in ctx. The span ends when the broker has answered or, without
// acknowledgements, when the message has been sent. Each message that is processed makes a
// CONSUMER span named <topic> process, which is a child of the PRODUCER span. Package
// kafkatrace documents the attributes of both, the metrics, and the data that is never
// recorded.
//
// The program gets its messages back unchanged: Completion is called with the WriterData
// and Headers that the program set, and WriteMessages does not change the slice that it
// gets.
//
// Known limits:
//
//   - A message that is read but not passed to Process has no span.
//   - WriteMessages waits until its batch is full or as old as BatchTimeout, by default one
//     second. The spans include that time.
//   - A message may still arrive after WriteMessages stopped waiting for it. The span has
//     its final result.
//   - The partition and the offset of a written message are known only after the broker has
//     answered. They are never known without acknowledgements, which is the default of a
//     Writer.
//   - kafka-go does not distinguish an empty value from no value when it reads. Therefore
//     the spans of processing never have messaging.kafka.message.tombstone.
//   - ReadMessage commits a message before it is processed. Use FetchMessage and
//     CommitMessages to process each message at least once.
package kafkagotrace
