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
// Each message that is written makes a PRODUCER span named <topic> publish. This span is a
// child of the span in ctx. The PRODUCER span ends when the broker has answered. If the
// writer does not wait for acknowledgements, the span ends when the message has been sent.
//
// Each message that is processed makes a CONSUMER span named <topic> process. This span is a
// child of the PRODUCER span that sent the message.
//
// Package kafkatrace documents the attributes of both spans, the metrics, and the data that
// is never recorded.
//
// The messages of the program stay unchanged. The function Completion gets the WriterData
// and the Headers that the program set. WriteMessages does not change the slice of messages
// that it gets.
//
// Known limits:
//
//   - A message that is read but not passed to Process or ProcessBatch has no span.
//   - kafka-go sends a batch of messages when the batch is full, or when BatchTimeout has
//     passed. The default of BatchTimeout is one second. The spans include this waiting
//     time.
//   - If the context of WriteMessages ends, WriteMessages returns, but the broker may still
//     store the message after that. The span contains the final result.
//   - The partition and the offset of a written message are known only after the broker has
//     answered. By default, a Writer does not wait for acknowledgements. The partition and
//     the offset are then never known.
//   - When kafka-go reads messages, it does not distinguish an empty value from no value.
//     Therefore CONSUMER spans never have messaging.kafka.message.tombstone.
//   - kafka-go returns control records and the records of aborted transactions as messages,
//     also with ReadCommitted. They count as lag until they are fetched.
//   - ReadMessage commits a message before it is processed. Use FetchMessage and
//     CommitMessages to process each message at least once.
package kafkagotrace
