// Package viewer shows telemetry in a browser on the same machine.
//
// A [Store] keeps the traces, logs and metrics that are added to it, the newest
// of them, within bounds. [Listen] serves them with the pages that show them, on
// a loopback address alone, below a path that only who was told can guess; no
// page of another site can read or change anything, and the pages fetch nothing
// from elsewhere.
//
// Whatever the telemetry holds is hostile input. The pages put it on the screen
// as text, never as markup, and the browser is told to run no script and to load
// nothing but the files embedded here.
package viewer
