// Package viewer shows telemetry in a browser on the same machine.
//
// A [Store] keeps traces, logs and metrics. The memory of a Store is limited. When the limit is
// reached, the Store drops the oldest traces and logs first. [Listen] starts a [Server], which
// serves the telemetry and the pages that show the telemetry. The Server listens only on a
// loopback address. The path of all pages begins with a random key, so only a user with the
// link can open the pages. Pages of other sites cannot read or change anything. The pages load
// nothing from other sites.
//
// The package treats all telemetry as hostile input. The pages insert telemetry as text, never
// as markup. A Content-Security-Policy allows the browser to load and run only the files that
// are embedded in this package.
package viewer
