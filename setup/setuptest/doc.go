// Package setuptest is for tests. It records the telemetry that the platform would receive
// from the code under test, and checks the recording. A test needs three lines:
//
//	rec := setuptest.Record(t)
//	rec.WantTree("server GET /quotes/{id}\n  client SELECT quotes\n")
//	rec.WantLit()
//
// First, [Record] starts telemetry in the same way as [setup.Start] does on NAIS. In the
// process of the test, Record also starts a collector that replaces the platform's collector.
// Record then sets slog's default logger to a logger that uses [setup.LogHandler]. The
// recording therefore shows everything that package setup does to telemetry. Package setup adds
// the older attribute names, masks personal data, applies the limits, and exports over OTLP.
//
// Second, the test runs the code under test. The test must do this after the call of Record,
// and before it calls a method of the recording.
//
// Third, the methods of [Recording] check the result. [Recording.WantTree] compares the spans
// as a tree. [Recording.Find] and [Recording.Spans] return single spans. [Recording.WantLit]
// applies the rules of the command spor check: Nais APM must show all data that it can show
// for the service, and the telemetry must not contain personal numbers. Each method first
// waits until all started spans have ended, because the span of a server may end after the
// client has received the response. If a span has not ended after five seconds, the method
// reports an error with [testing.TB.Error].
//
// # Limitations
//
// Telemetry is global in a process. Therefore tests that call [Record] cannot run in
// parallel. They also cannot run while a program in the same process is inside [setup.Run].
// If the code under test makes its own tracer provider, the spans of that provider are not
// recorded.
package setuptest
