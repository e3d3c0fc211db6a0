// Package apm describes what each panel of Nais APM reads. It checks whether the telemetry and
// the output of a service contain the data for every panel. It does not depend on how spor
// produces telemetry, so it also checks services that do not use spor.
//
// Add OTLP requests to a [Recording], in the form in which the platform's collector would
// receive them. The log records include the lines of standard output, in the form in which
// package recording writes them. [Recording.Judge] returns one [Report] per service.
//
// The panels are the panels of https://github.com/nais/grafana-apm-app. A panel is lit if it
// has all the data that it needs, and dark if some of this data is missing. Metrics have the
// names that Mimir gives them. The edges between services are the edges that Tempo's service
// graph would have.
package apm
