// Package saramatrace traces and measures sarama.
//
// Wrap the producer and the handler of the consumer group:
//
//	producer = saramatrace.SyncProducer(producer)
//	producer = saramatrace.AsyncProducer(producer, config)
//	err := group.Consume(ctx, topics, saramatrace.ConsumerGroupHandler(handler))
//
// Messages of sarama do not contain a context. Call [Inject] before a message is sent. The
// span in ctx is then the parent of the PRODUCER span. Call [Process] for each message that
// was consumed. It makes the CONSUMER span:
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
// when the producer gets the message, and ends when the broker has answered.
//
// Each message that is processed makes a CONSUMER span named <topic> process. This span is a
// child of the PRODUCER span that sent the message.
//
// Package kafkatrace documents the attributes of both spans, the metrics, and the data that
// is never recorded.
//
// The Metadata of a message is never changed. When the span ends, the Headers are set back
// to the value before the send, but without the headers that [Inject] added. The exception
// is an AsyncProducer whose setting Producer.Return.Successes is false: the Headers keep
// the trace context, unless sarama returns an error for the message within ten seconds.
//
// Known limits:
//
//   - A message that is sent without Inject starts a new trace, unless its headers already
//     contain a trace context.
//   - A received message that is not passed to Process or ProcessBatch has no span.
//   - If Producer.Return.Successes of an AsyncProducer is false, sarama does not report
//     when a message arrived. The end time of the span is then the time when the producer
//     got the message. If sarama returns an error within ten seconds, the span records the
//     error. At most 10,000 messages wait for such an error at the same time.
//   - sarama does not pass the name of the consumer group to the handler. Set the name with
//     kafkatrace.WithConsumerGroup.
package saramatrace
