package environ

// longestValue is the default limit for the length of a text attribute. Without this limit,
// a few long texts, such as request bodies or SQL statements, could fill the queue.
const longestValue = 8 << 10

const (
	fewAttributes  = 128 // the specification's default
	countVariable  = "OTEL_ATTRIBUTE_COUNT_LIMIT"
	lengthVariable = "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"
)

// Limits are the limits of a span or a log record.
type Limits struct {
	Attributes, ValueLength, Events, Links, EventAttributes, LinkAttributes int
}

// readLimits reads the limits of a span. A limit of 0 is valid. For example, a span with a
// limit of 0 events keeps no events.
func readLimits(env *Environment) Limits {
	const standard = fewAttributes
	attributeCount := env.integer(countVariable, standard, 0, most)
	valueLength := env.integer(lengthVariable, longestValue, 0, most)
	return Limits{
		Attributes:      env.integer("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", attributeCount, 0, most),
		ValueLength:     env.integer("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", valueLength, 0, most),
		Events:          env.integer("OTEL_SPAN_EVENT_COUNT_LIMIT", standard, 0, most),
		Links:           env.integer("OTEL_SPAN_LINK_COUNT_LIMIT", standard, 0, most),
		EventAttributes: env.integer("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", standard, 0, most),
		LinkAttributes:  env.integer("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", standard, 0, most),
	}
}

// readRecordLimits reads the limits of a log record. By default, its texts are not cut, because
// a stack trace is a text attribute.
func readRecordLimits(env *Environment) Limits {
	valueLength := unlimited
	if env.Text(lengthVariable) != "" {
		valueLength = env.integer(lengthVariable, longestValue, 0, most)
	}
	return Limits{
		Attributes:  env.integer("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", env.integer(countVariable, fewAttributes, 0, most), 0, most),
		ValueLength: env.integer("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", valueLength, 0, most),
	}
}
