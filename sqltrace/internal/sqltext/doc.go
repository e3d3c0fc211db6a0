// Package sqltext understands SQL well enough to name it and to show it without
// what it is about: it finds the operation and the tables, and replaces every
// literal by a question mark.
//
// It reads in one pass and linear time, never fails, and leaves out what it
// cannot be sure of. Databases, and modes of one database that no client knows,
// disagree about where some literals end: a text is masked from the first such
// place to its end. Comments are dropped, lists of IN and VALUES are cut to
// their first item.
//
// See https://opentelemetry.io/docs/specs/semconv/db/database-spans/ (v1.43.0)
// for the sanitization of db.query.text and the grammar of db.query.summary.
package sqltext
