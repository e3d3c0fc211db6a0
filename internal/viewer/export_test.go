package viewer

// ParseTraceID reads an ID as the addresses of pages have it.
var ParseTraceID = parseTraceID
