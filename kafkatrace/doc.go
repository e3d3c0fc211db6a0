// Package kafkatrace is the engine that traces and measures Kafka clients. Use the
// adapter for yours: kgotrace for franz-go, saramatrace for sarama, kafkagotrace for
// kafka-go. They take the options of this package. For another client, call
// [Tracer.StartSend] before a record is sent and [Tracer.Process] around what
// handles one.
//
// A record that is sent makes one PRODUCER span, <topic> publish, from the call to
// the broker's answer, retries included. A record that is processed makes one
// CONSUMER span, <topic> process, a child of the one that sent it and linked to
// it: one trace across the topic, as the Java services on the other side have it.
// With OTEL_SEMCONV_STABILITY_OPT_IN=messaging the names are send <topic> and
// process <topic>. Both have messaging.destination.name, .partition.id and
// messaging.kafka.offset once a broker has told them, messaging.client.id,
// messaging.kafka.message.tombstone, and error.type, which is Kafka's own code, such
// as NOT_ENOUGH_REPLICAS, where there is one; consumers have
// messaging.consumer.group.name. Who gives up ([context.Canceled]) has not failed.
// [Tracer.ProcessBatch] makes one span for many records, which service maps cannot
// follow. Polling makes none.
//
// Measured are messaging.client.operation.duration, messaging.client.sent.messages,
// messaging.client.consumed.messages and messaging.process.duration, and what Nais
// APM reads: kafka.producer.records_sent_total (which Java's agent calls
// kafka.producer.record_send_total), kafka.consumer.records_consumed_total and
// kafka.consumer.records_lag_max, without which
// OTEL_SEMCONV_STABILITY_OPT_IN=messaging does. Beyond 1,000 topics series have no
// topic, and lag is told of 1,000 partitions.
//
// Headers: one traceparent is written, into a copy of the list; of several that
// are read the last valid one counts. Headers that others wrote stay as they are.
//
// Never recorded: values, headers, baggage, the text of errors; keys only with
// [WithKey]. Baggage does not travel but for [WithBaggage].
//
// Retry topics and dead letters need nothing: what is sent in the context that a
// handler is given is part of that record's trace. For an outbox, [Save] the context
// with the row, and send in the [Restore]d one.
//
// Traps: a span around a poll loop is ignored, see [WithParent]. A record
// that has a traceparent when it is sent, in a context without a span, keeps it.
// Names and attributes are those of https://opentelemetry.io/docs/specs/semconv/messaging/
// (v1.43.0). What an SDK does, it does from when it is installed.
package kafkatrace
