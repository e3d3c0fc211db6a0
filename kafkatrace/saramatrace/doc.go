// Package saramatrace traces and measures sarama.
//
// Wrap what sends, and what consumes:
//
//	producer = saramatrace.SyncProducer(producer)
//	producer = saramatrace.AsyncProducer(producer, config)
//	err := group.Consume(ctx, topics, saramatrace.ConsumerGroupHandler(handler))
//
// Messages of sarama carry no context. [Inject] tells one that is to be sent which
// span it belongs to, and [Process] is the handling of one that was consumed:
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
// Each message that is sent makes a PRODUCER span named <topic> publish, from when
// it is handed over until the broker has answered, and each that is processed a
// CONSUMER span named <topic> process, a child of the former. See package
// kafkatrace for what both have and what is measured, and for what is never
// recorded.
//
// Messages come back as they were given: Metadata is not touched, and Headers are
// the program's own again once the span has ended.
//
// Traps: a message that is sent without Inject begins a trace, and one that is
// received without Process has no span. Without Producer.Return.Successes nobody tells
// when a message arrived; its span then ends with the handing over, unless an error
// comes back within ten seconds. A group has no name that its handler is told: see
// kafkatrace.WithConsumerGroup.
package saramatrace
