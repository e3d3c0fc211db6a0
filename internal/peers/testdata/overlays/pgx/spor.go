package pgx

// SporTracer returns the tracer of a new connection. It gets the tracer of the connection's
// configuration, which may be nil. SporTracer itself may be nil.
var SporTracer func(QueryTracer) QueryTracer

func sporTracer(configured QueryTracer) QueryTracer {
	if SporTracer == nil {
		return configured
	}
	return SporTracer(configured)
}
