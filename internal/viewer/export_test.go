package viewer

// ParseTraceID parses a trace ID in hexadecimal.
var ParseTraceID = parseTraceID
