// Package sqltext analyzes SQL for spans. It finds the operation and the tables of a query,
// and replaces every literal with a question mark.
//
// The scanner splits the text into tokens, by the table of rules of its dialect. The summarizer finds
// the operations and the tables, and decides which tokens are secret. The writer writes the text
// without literals. All of this takes linear time. The analysis never fails. However, the result
// contains a part of the text only if the meaning of this part is certain. Some literals end
// at different places in different databases, or in different modes of one database. The
// client cannot know the mode. Therefore one question mark replaces the text from the first
// such place to the end. Comments are removed. Several literals in a list after IN become
// one question mark. Of several rows after VALUES, only the first row is kept.
//
// The semantic conventions v1.43.0 define how db.query.text must be sanitized. They also
// define the grammar of db.query.summary. See
// https://opentelemetry.io/docs/specs/semconv/db/database-spans/.
package sqltext
