package stock

import semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

// sourceOfMessage adds the topic to a span for a received record. Older conventions have another
// name for the topic of a received record.
func sourceOfMessage(d *draft) {
	d.add(d.text("messaging.source.name"), semconv.MessagingDestinationNameKey)
}

// kindOfJob renames the spans of River after the kind of the job. A span for inserted jobs keeps
// its name if the jobs have several kinds.
func kindOfJob(d *draft) {
	switch d.name {
	case "river.work":
		if kind := d.text("kind"); kind != "" {
			d.name = kind + " process"
		}
	case "river.insert_many":
		if kinds := d.value("kinds").AsStringSlice(); len(kinds) == 1 {
			d.name = kinds[0] + " publish"
		}
	}
}
