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
// The consumers measure the lag of each partition. A message counts as read when it is passed
// to Process or ProcessBatch, or when the handler marks it. sarama does not report the offsets
// of control records and of records of aborted transactions. If only such records are left for
// a read_committed consumer, the lag becomes 0 when sarama has fetched no other message for
// some time. This time is Net.ReadTimeout plus two times the sum of Consumer.MaxWaitTime and
// Consumer.MaxProcessingTime, with sarama's defaults 31.2 seconds.
//
// If the group ends a session while a message is processed, the CONSUMER span gets the event
// "partitions revoked". If the program ends the session, there is no event.
//
// The Metadata of a message is never changed. When the span ends, the Headers are set back
// to the value before the send, but without the headers that [Inject] added. The exception
// is a message that sarama does not return, because Producer.Return.Successes or
// Producer.Return.Errors is false: the Headers keep the trace context.
//
// Known limits:
//
//   - A message that is sent without a context and without Inject starts a new trace, unless
//     its headers already contain a trace context.
//   - A received message that is not passed to Process or ProcessBatch has no span.
//   - For a read_uncommitted consumer, a control record at the end of a partition counts as
//     lag. For a read_committed consumer that has not read everything, the lag becomes 0 too
//     early if only the leader of the partition is unreachable for longer than the time above.
//   - If Producer.Return.Successes or Producer.Return.Errors of an AsyncProducer is false,
//     sarama does not return each message. The end time of the span of a message that sarama
//     does not return is the time when sarama got the message. The producer waits ten seconds
//     for an answer, and at most 10,000 messages wait at the same time. The messages are not
//     kept in memory.
//   - The trace context makes a message about 80 bytes larger. A message that is only just
//     below the limit Producer.MaxMessageBytes is therefore refused.
package saramatrace
