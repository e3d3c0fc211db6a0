// Package corpus runs the SQL statements of other projects through package sqltrace. It
// looks for recorded literals, and it compares the recorded operations and tables with
// those that a parser of SQL reads in the same statements.
//
// The script fetch.sh downloads the statements, and collect.py writes them to JSON files.
// Each literal in these files contains a canary, which is a text that nothing else contains.
// Neither Python nor a foreign statement is needed to build this package.
package corpus
