package main

import "image/color"

// A chart is one picture. It contains panels, which are drawn in rows.
type chart struct {
	file, title string
	columns     int
	panels      []panel
}

// A panel shows one metric of several benchmarks. It has groups of bars. Each group has one
// bar per library.
type panel struct {
	title  string
	axis   string
	metric string
	scale  float64
	groups []group
}

// A group is a set of bars that are drawn next to each other. Most groups show only one
// benchmark.
type group struct {
	label      string
	benchmarks []string
}

func of(label string, benchmarks ...string) group { return group{label, benchmarks} }

// The variable libraries lists the libraries with their labels and colours, in the order of the
// bars. Only spor has a strong colour. A variant of a library has a lighter shade of its colour.
// For colour-blind readers, the colours differ both in lightness and in hue.
var libraries = []struct {
	name, label string
	color       color.Color
}{
	{"none", "no library", grey},
	{"bare", "no library", grey},
	{"idle", "idle stats.Handler", color.RGBA{0xB4, 0xB4, 0xB4, 0xFF}},
	{"spor", "spor", blue},
	{"spor-setup", "spor, under setup", darkBlue},
	{"spor-measured", "spor, measuring", lightBlue},
	{"otelhttp", "otelhttp", amber},
	{"otelchi", "otelchi", lightAmber},
	{"otelgin", "otelgin", mauve},
	{"otelecho", "otelecho", lightMauve},
	{"dd-trace-go", "dd-trace-go", darkGrey},
	{"otelgrpc", "otelgrpc", amber},
	{"otelsql", "otelsql", amber},
	{"otelsql-quiet", "otelsql, quiet", lightAmber},
	{"uptrace", "uptrace", mauve},
	{"uptrace-same", "uptrace, as many attributes", lightMauve},
	{"nhatthm", "nhatthm", darkGrey},
	{"kotel", "kotel", amber},
	{"otelsarama", "otelsarama", amber},
	{"otelpgx", "otelpgx", amber},
	{"otelpgx-measured", "otelpgx, measuring", lightAmber},
	{"stock", "stock OpenTelemetry", amber},
}

var (
	darkBlue   = color.RGBA{0x00, 0x45, 0x80, 0xFF}
	blue       = color.RGBA{0x00, 0x72, 0xB2, 0xFF}
	lightBlue  = color.RGBA{0x8C, 0xC4, 0xE6, 0xFF}
	amber      = color.RGBA{0xDD, 0xB0, 0x6C, 0xFF}
	lightAmber = color.RGBA{0xF1, 0xDD, 0xBC, 0xFF}
	mauve      = color.RGBA{0xA6, 0x86, 0xA2, 0xFF}
	lightMauve = color.RGBA{0xD9, 0xC7, 0xD7, 0xFF}
	grey       = color.RGBA{0xDD, 0xDD, 0xDD, 0xFF}
	darkGrey   = color.RGBA{0x78, 0x78, 0x78, 0xFF}
)

const (
	wall      = "ns"
	processor = "cpu-ns"
)

// The function costs returns the two panels that most charts have: one for time and one for
// allocations.
func costs(title, metric string, groups ...group) []panel {
	axis := "µs by the clock"
	if metric == processor {
		axis = "µs of processor time"
	}
	return []panel{{title, axis, metric, 1e-3, groups}, {title, "allocations", "allocs", 1, groups}}
}

var charts = []chart{
	{"bench-http.svg", "HTTP: one request", 1, costs("", wall,
		of("server,\nsampled", "Server/router=mux/state=bare", "Server/router=mux/state=sampled,spans"),
		of("server,\nnot sampled", "Server/router=mux/state=unsampled,spans"),
		of("server,\nno SDK", "Server/router=mux/state=noop"),
		of("server,\nhealth check", "Server/router=mux/state=healthcheck"),
		of("chi,\nsampled", "Server/router=chi/state=bare", "Server/router=chi/state=sampled,spans"),
		of("chi,\nnot sampled", "Server/router=chi/state=unsampled,spans"),
		of("gin,\nsampled", "Server/router=gin/state=bare", "Server/router=gin/state=sampled,spans"),
		of("echo,\nsampled", "Server/router=echo/state=bare", "Server/router=echo/state=sampled,spans"),
		of("client,\nsampled", "Client/context=background/state=bare", "Client/context=background/state=sampled,spans"),
		of("client,\nnot sampled", "Client/context=background/state=unsampled,spans"),
		of("client,\nno SDK", "Client/context=background/state=noop"),
	)},
	{"bench-grpc.svg", "gRPC: both ends of one call", 2, append(
		costs("unary call", wall, calls("unary")...),
		costs("stream of 100 messages", wall, calls("stream")...)...,
	)},
	{"bench-sql.svg", "database/sql: one statement, driver in memory", 1, append(
		costs("query", processor, states("SQLQuery")...),
		costs("exec", processor, states("SQLExec")...)...,
	)},
	{"bench-kafka.svg", "franz-go: one record", 2, costs("", processor,
		of("produce,\nsampled", "Kafka/op=produce/state=always"),
		of("produce,\nnot sampled", "Kafka/op=produce/state=never"),
		of("process,\nsampled", "Kafka/op=process/state=always"),
		of("process,\nnot sampled", "Kafka/op=process/state=never"),
	)},
	{"bench-sarama.svg", "sarama: one message", 1, costs("", processor,
		of("sync,\nsampled", "Sarama/op=sync/state=always"),
		of("sync,\nnot sampled", "Sarama/op=sync/state=never"),
		of("sync,\nno SDK", "Sarama/op=sync/state=no-SDK"),
		of("async,\nsampled", "Sarama/op=async/state=always"),
		of("async,\nnot sampled", "Sarama/op=async/state=never"),
		of("async,\nno SDK", "Sarama/op=async/state=no-SDK"),
		of("process,\nsampled", "Sarama/op=process/state=always"),
		of("process,\nnot sampled", "Sarama/op=process/state=never"),
		of("process,\nno SDK", "Sarama/op=process/state=no-SDK"),
	)},
	{"bench-pgx.svg", "pgx: what the tracer adds to one query", 2, costs("", processor, states("PgxTracer")...)},
	{"bench-export.svg", "Export: one span, one request, and a burst", 2, append(
		costs("", processor, of("one span,\nafter its end", "Span"), of("a whole\nrequest", "Request/rate=10000")),
		panel{"", "% of the spans lost", "lost", 100, []group{of("200,000 spans\nwithin a second", "Burst")}},
		panel{"", "MiB of memory more", "MiB", 1, []group{of("200,000 spans\nwithin a second", "Burst")}},
	)},
	{"bench-end.svg", "span.End at a rate, with a collector and with a dead one", 1, []panel{
		{"", "µs, median", "p50-ns", 1e-3, ends},
		{"", "µs, 99th percentile", "p99-ns", 1e-3, ends},
		{"", "% of the spans lost", "lost", 100, ends[:3]},
	}},
}

func calls(kind string) []group {
	return []group{
		of("sampled", "GRPC/call="+kind+"/state=bare", "GRPC/call="+kind+"/state=sampled"),
		of("not\nsampled", "GRPC/call="+kind+"/state=unsampled"),
		of("no SDK", "GRPC/call="+kind+"/state=noop"),
		of("filtered", "GRPC/call="+kind+"/state=filtered"),
	}
}

func states(benchmark string) []group {
	return []group{
		of("sampled", benchmark+"/state=always"),
		of("not sampled", benchmark+"/state=never"),
		of("no SDK", benchmark+"/state=no-SDK"),
	}
}

var ends = []group{
	of("1,000 a second", "End/collector=live/rate=1000"),
	of("10,000 a second", "End/collector=live/rate=10000"),
	of("100,000 a second", "End/collector=live/rate=100000"),
	of("1,000 a second,\ncollector dead", "End/collector=dead/rate=1000"),
	of("10,000 a second,\ncollector dead", "End/collector=dead/rate=10000"),
	of("100,000 a second,\ncollector dead", "End/collector=dead/rate=100000"),
}
