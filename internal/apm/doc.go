// Package apm knows what Nais APM reads of a service, panel by panel, and judges
// by that what a service sent and wrote. It is an oracle: it knows nothing of how
// spor makes telemetry, and judges that of others as well.
//
// A [Recording] takes OTLP requests as the platform's collector would get them,
// with the lines of standard output among the log records, as package recording
// keeps them. [Recording.Judge] gives one [Report] for each service.
//
// The panels are those of https://github.com/nais/grafana-apm-app. Metrics are
// judged under the names that Mimir gives them, edges as Tempo's service graph
// forms them.
package apm
