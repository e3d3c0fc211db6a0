// Package kafkatrace traces and measures Kafka clients. Programs usually use it through an
// adapter: kgotrace for franz-go, saramatrace for sarama, or kafkagotrace for kafka-go. The
// adapters take the options of this package. For any other client, call [Tracer.StartSend]
// before a record is sent, and [Tracer.Process] to handle a record.
//
// # Spans
//
// Each record that is sent makes one PRODUCER span named <topic> publish. The span starts
// with the call and ends when the broker has answered. The span includes retries. Each
// record that is processed makes one CONSUMER span named <topic> process. This span is a
// child of the PRODUCER span that sent the record, and is linked to it. Therefore both are
// in one trace, even if a Java service makes one of the spans. With
// OTEL_SEMCONV_STABILITY_OPT_IN=messaging the names are send <topic> and process <topic>.
// Polling makes no span. [Tracer.ProcessBatch] makes one span for many records, which
// service maps do not connect to the senders.
//
// Attributes of both spans:
//
//   - messaging.destination.name and messaging.client.id
//   - messaging.destination.partition.id and messaging.kafka.offset, if they are known. For
//     a record that is sent, they are known when a broker has acknowledged the record.
//   - messaging.kafka.message.tombstone, if the record has no value
//   - error.type, if the operation failed. It is Kafka's name of the error, such as
//     NOT_ENOUGH_REPLICAS, if the error has a Kafka error code. [context.Canceled] sets
//     error.type but not the status Error, because the program gave up.
//   - messaging.consumer.group.name, only on CONSUMER spans
//
// # Metrics
//
// The package records messaging.client.operation.duration, messaging.client.sent.messages,
// messaging.client.consumed.messages and messaging.process.duration.
//
// It also records the metrics that Nais APM reads: kafka.producer.records_sent_total,
// kafka.consumer.records_consumed_total and, through an adapter,
// kafka.consumer.records_lag_max. kafka.producer.record_send_total has the same value as
// kafka.producer.records_sent_total; it is the name that the OpenTelemetry agent for Java
// uses. OTEL_SEMCONV_STABILITY_OPT_IN=messaging turns these four metrics off.
//
// Each combination of operation, topic and outcome is one series. After the first 1,000
// series of a Tracer, new series have no topic. The lag is recorded for at most 1,000
// partitions.
//
// # Headers and content
//
// A record is sent with exactly one traceparent header, which is written to a copy of the
// list of headers. If a record that is received has several, the last valid one is used.
// Headers that do not belong to the trace context are not changed.
//
// Values, headers, baggage and the text of errors are never recorded. Keys are recorded only
// with [WithKey]. Baggage is not sent or received, except with [WithBaggage].
//
// Retry topics and dead-letter topics need no code: a record that a handler sends with its
// context is part of the trace of the record that is being handled. For an outbox, store the
// result of [Save] in the row, and send the record with the context that [Restore] returns.
//
// # Known limits
//
//   - A span around a poll loop is not the parent of processing. See [WithParent].
//   - If a record already has a traceparent when it is sent, and the context has no span,
//     the record keeps that traceparent.
//   - With the global providers, nothing is traced or measured until an SDK is installed.
//
// Names and attributes follow https://opentelemetry.io/docs/specs/semconv/messaging/
// (v1.43.0).
package kafkatrace
