// Package kafkatrace traces and measures Kafka clients. Programs usually use it through an
// adapter: kgotrace for franz-go, saramatrace for sarama, or kafkagotrace for kafka-go. The
// adapters take the options of this package. For any other client, call [Tracer.StartSend]
// before a record is sent, and [Tracer.Process] to handle a record.
//
// # Spans
//
// Each record that is sent makes one PRODUCER span named <topic> publish. The span starts
// when the program passes the record to the client, and ends when the broker has answered.
// The span includes retries.
//
// Each record that is processed makes one CONSUMER span named <topic> process. This span is
// a child of the PRODUCER span that sent the record, and has a link to that span. Therefore
// both spans are in one trace, even if a Java service makes one of them. With
// OTEL_SEMCONV_STABILITY_OPT_IN=messaging, the names are send <topic> and process <topic>.
//
// Polling makes no span. [Tracer.ProcessBatch] makes one span for many records. Service maps
// do not connect this span to the senders of the records.
//
// The spans have these attributes:
//
//   - messaging.system, messaging.operation.name and messaging.operation.type
//   - messaging.destination.name, and messaging.client.id if it is known
//   - messaging.destination.partition.id and messaging.kafka.offset, if they are known. On a
//     PRODUCER span, they are known after a broker has acknowledged the record.
//   - messaging.kafka.message.tombstone, if the record has no value
//   - error.type, if the operation failed. If the error has a Kafka error code, the value is
//     the name of the code, such as NOT_ENOUGH_REPLICAS. If the error is [context.Canceled],
//     the program gave up: the span then has error.type, but not the status Error.
//   - messaging.consumer.group.name, if it is known, on CONSUMER spans and on the spans of
//     commits
//
// # Metrics
//
// The package records messaging.client.operation.duration, messaging.client.sent.messages,
// messaging.client.consumed.messages and messaging.process.duration.
//
// The package also records two metrics that Nais APM reads:
// kafka.producer.records_sent_total and kafka.consumer.records_consumed_total. Adapters add
// a third metric that Nais APM reads, kafka.consumer.records_lag_max. In addition, the
// package counts sent records in kafka.producer.record_send_total, because this is the name
// that the OpenTelemetry agent for Java uses. The value is the same as for
// kafka.producer.records_sent_total. OTEL_SEMCONV_STABILITY_OPT_IN=messaging turns these
// four metrics off.
//
// Each combination of operation, topic and outcome is one series. After the first 1,000
// series of a Tracer, new series have no topic. The lag is recorded for at most 1,000
// partitions. When a consumer is closed, its last lag is exported with the next metrics.
//
// # Headers and content
//
// Before a record is sent, this package replaces all its traceparent headers with one new
// header. The new header is written to a copy of the list of headers. If a received record
// has several traceparent headers, the last valid header is used. Headers that belong
// neither to the trace context nor to the baggage are not changed.
//
// Values, headers, baggage and the text of errors are never recorded. However, if a handler
// panics, the span gets an exception event with the text of the panic. In this text,
// personal numbers are masked and credentials are redacted. Keys are recorded only with
// [WithKey]. Baggage is sent and received only with [WithBaggage].
//
// Retry topics and dead-letter topics need no extra code. If a handler sends a record with
// the context that the handler got, the sent record is in the same trace as the handled
// record. For an outbox, store the result of [Save] in the row of the outbox table. Later,
// send the record with the context that [Restore] returns.
//
// # Known limits
//
//   - A span around a poll loop is not the parent of the CONSUMER spans. [WithParent] can
//     change this.
//   - If a record already has a traceparent when it is sent, and the context has no span,
//     the record keeps that traceparent.
//   - With the global providers, nothing is traced or measured until an SDK is installed.
//
// Names and attributes follow https://opentelemetry.io/docs/specs/semconv/messaging/
// (v1.43.0).
package kafkatrace
