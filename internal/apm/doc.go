// Package apm describes what each panel of Nais APM reads. It checks whether the telemetry and
// the output of a service contain the data for every panel. It does not depend on how spor
// produces telemetry, so it also checks services that do not use spor.
//
// Add OTLP requests to a [Recording]. Each request must have the form in which the platform's
// collector would receive it. The lines of standard output are log records. Each of them must
// have the form that package recording writes. [Recording.Judge] returns one [Report] per
// service.
//
// The panels are the panels of https://github.com/nais/grafana-apm-app. A panel is lit if it has
// all the data that it needs, and dark if some of this data is missing. A metric has the name
// that Mimir gives it. The edges between services are the edges that Tempo's service graph would
// have.
package apm
