package stock

import semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

// sourceOfMessage adds the topic to a span for a received record. Older conventions have another
// name for the topic of a received record.
func sourceOfMessage(d *draft) {
	d.add(d.text("messaging.source.name"), semconv.MessagingDestinationNameKey)
}
