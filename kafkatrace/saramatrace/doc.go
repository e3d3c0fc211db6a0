// Package saramatrace traces and measures sarama.
//
// Make the clients with the functions of this package. They have the same arguments as the
// functions of sarama. [WrapSyncProducer], [WrapAsyncProducer], [WrapConsumerGroup] and
// [WrapConsumer] are for clients that other code makes.
//
//	producer, err := saramatrace.NewSyncProducer(brokers, config)
//	group, err := saramatrace.NewConsumerGroup(brokers, "stats", config)
//
// The methods of sarama have no parameter for a context. Therefore the producers also have
// methods with a context. The span in this context is the parent of the PRODUCER span:
//
//	partition, offset, err := producer.SendMessageContext(ctx, message)
//
// For a message that is sent through the channel Input, call [Inject] before. In ConsumeClaim,
// call [ConsumerGroup.Process] for each message. It makes the CONSUMER span:
//
//	for message := range claim.Messages() {
//		err := group.Process(session.Context(), message, func(ctx context.Context) error {
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
// The client ID and the consumer group are read from the configuration and the arguments.
//
// The group measures the lag of each partition. A message counts as read when it is passed to
// [ConsumerGroup.Process] or [ConsumerGroup.ProcessBatch], or when the handler marks it.
// sarama does not report the offsets of control records and of records of aborted
// transactions. If only such records are left, the lag becomes 0 after five seconds plus two
// times the setting Consumer.MaxWaitTime.
//
// The Metadata of a message is never changed. When the span ends, the Headers are set back
// to the value before the send, but without the headers that [Inject] added. The exception
// is an AsyncProducer whose setting Producer.Return.Successes is false: the Headers keep
// the trace context, unless sarama returns an error for the message within ten seconds.
//
// Known limits:
//
//   - A message that is sent without a context and without Inject starts a new trace, unless
//     its headers already contain a trace context.
//   - A received message that is not passed to Process or ProcessBatch has no span.
//   - A read_uncommitted consumer does not know that a topic has control records before it has
//     seen a gap in the offsets. Until then, the lag includes the control records at the end.
//   - If Producer.Return.Successes of an AsyncProducer is false, sarama does not report
//     when a message arrived. The end time of the span is then the time when the producer
//     got the message. If sarama returns an error within ten seconds, the span records the
//     error. At most 10,000 messages wait for such an error at the same time.
package saramatrace
