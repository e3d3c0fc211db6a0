// Package apm describes what each panel of Nais APM reads, and checks whether the telemetry
// and the output of a service give every panel its data. It does not depend on how spor
// produces telemetry, so it also checks services that do not use spor.
//
// Add OTLP requests to a [Recording], in the form in which the platform's collector would
// receive them. The lines of standard output are among the log records, as package
// recording writes them. [Recording.Judge] returns one [Report] per service.
//
// The panels are those of https://github.com/nais/grafana-apm-app. Metrics have the names
// that Mimir gives them, and edges are formed as in Tempo's service graph.
package apm
