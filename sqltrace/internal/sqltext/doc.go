// Package sqltext analyzes SQL for spans. It finds the operation and the tables of a query,
// and replaces every literal by a question mark.
//
// The text is read once, in linear time. The analysis never fails, but its result contains
// only parts of the text whose meaning is certain. Some literals end at different places in
// different databases, or in different modes of one database that a client cannot know. From
// the first such place, the rest of the text is replaced by a question mark. Comments are
// removed. Only the first item of a list after IN or VALUES is kept.
//
// See https://opentelemetry.io/docs/specs/semconv/db/database-spans/ (v1.43.0) for the
// sanitization of db.query.text and the grammar of db.query.summary.
package sqltext
