// Package setuptest records the telemetry of the code under test, as the platform would
// receive it, and checks the recording. A test needs three lines:
//
//	rec := setuptest.Record(t)
//	rec.WantTree("server GET /quotes/{id}\n  client SELECT quotes\n")
//	rec.WantLit()
//
// First, [Record] starts telemetry as [setup.Start] does on NAIS. It replaces the
// platform's collector with a collector in the process of the test, and sets slog's
// default logger to one that uses [setup.LogHandler]. The recording therefore shows
// everything that package setup does to telemetry: setup adds the older attribute names,
// masks personal data, applies the limits, and exports over OTLP.
//
// Second, the code under test runs. Call it between the first line and the others.
//
// Third, the methods of [Recording] check the result. [Recording.WantTree] compares the
// spans as a tree. [Recording.Find] and [Recording.Spans] return single spans.
// [Recording.WantLit] applies the rules of spor check: Nais APM must show everything of
// the service, and no personal number may be in the telemetry. Each method waits until
// all spans that were started have ended, because the span of a server may end after the
// client has received the response.
//
// # Limitations
//
// Telemetry is global in a process. Tests that record cannot run in parallel, and cannot
// run beside a program that calls [setup.Run] in the same process. Spans of a tracer
// provider that the code under test has created itself are not recorded.
package setuptest
