// Package setuptest shows a test what the platform would get of the code under
// test, in three lines:
//
//	rec := setuptest.Record(t)
//	rec.WantTree("server GET /quotes/{id}\n  client SELECT quotes\n")
//	rec.WantLit()
//
// First, [Record] starts telemetry as [setup.Start] does on NAIS, with a collector
// in the test's own process in the place of the platform's, and logs with
// [setup.LogHandler] through slog's default logger. What is recorded went through
// all of it: names of both dialects, masking, limits, OTLP.
//
// Second, the code under test runs: call it between the first line and the others.
//
// Third, [Recording.WantTree] compares the spans as a tree, [Recording.Find] and
// [Recording.Spans] give single ones, and [Recording.WantLit] tests by the rules
// of spor check that Nais APM shows everything of the service, and that no
// personal number is told. Each waits until the spans that were started have
// ended: a server's may end after its client has the answer.
//
// # Traps
//
// Telemetry is one for the process: tests that record cannot be parallel, nor run
// beside a program that calls setup.Run. Instrumentation that was given a provider
// of its own is not recorded.
package setuptest
