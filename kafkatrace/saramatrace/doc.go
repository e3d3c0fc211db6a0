// Package saramatrace traces and measures sarama.
//
// Wrap the producer and the handler of the consumer group:
//
//	producer = saramatrace.SyncProducer(producer)
//	producer = saramatrace.AsyncProducer(producer, config)
//	err := group.Consume(ctx, topics, saramatrace.ConsumerGroupHandler(handler))
//
// Messages of sarama carry no context. [Inject] connects a message to the span in a context
// before the message is sent. [Process] makes the span for handling a message that was
// consumed:
//
//	saramatrace.Inject(ctx, message)
//	producer.SendMessage(message)
//
//	for message := range claim.Messages() {
//		err := saramatrace.Process(session.Context(), message, func(ctx context.Context) error {
//			return handle(ctx, message)
//		})
//		...
//	}
//
// Each message that is sent makes a PRODUCER span named <topic> publish. The span starts
// when the producer gets the message and ends when the broker has answered. Each message
// that is processed makes a CONSUMER span named <topic> process, which is a child of the
// PRODUCER span. Package kafkatrace documents the attributes of both, the metrics, and the
// data that is never recorded.
//
// The program gets its messages back unchanged: Metadata is never changed, and Headers are
// restored when the span ends.
//
// Known limits:
//
//   - A message that is sent without Inject starts a new trace.
//   - A message that is received without Process has no span.
//   - Without Producer.Return.Successes, sarama does not report when a message arrived. The
//     span of the message then ends at the time when the producer got it, with an error if
//     sarama returns one within ten seconds.
//   - sarama does not pass the name of the consumer group to the handler. Set it with
//     kafkatrace.WithConsumerGroup.
package saramatrace
