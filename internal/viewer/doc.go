// Package viewer shows telemetry in a browser on the same machine.
//
// A [Store] keeps traces, logs and metrics. Its memory is limited: it drops the oldest
// traces and logs first. [Listen] serves the telemetry and the pages that show it. It
// listens only on a loopback address. The pages are below a random path, so only a user who
// has the link can open them. Pages of other sites cannot read or change anything, and the
// pages load nothing from other sites.
//
// The package treats all telemetry as hostile input. The pages insert it as text, never as
// markup. A Content-Security-Policy allows the browser to run and load only the files that
// are embedded in this package.
package viewer
