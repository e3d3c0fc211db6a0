// Package observable reports the values of observable instruments for sources that can be
// closed, such as connection pools and Kafka consumers.
//
// A source is observed at each collection. When it is closed, its last values are kept, and
// reported at the next collection. After that its series end. Without this, a job that closes
// its pool before the first collection would export no value of the pool. The rules are:
//
//   - The last values are reported once, at the first collection after the source was closed.
//     If a meter provider has several readers, only one of them gets the last values.
//   - If an open source has the same series, the last value of the closed source is not
//     reported. Of several closed sources, the source that was closed last is reported.
//   - If nothing collects the metrics, at most 10,000 series of a meter are kept.
//
// Package observable needs a meter and instruments that can be compared with ==. This is the
// case in the OpenTelemetry SDK.
package observable
