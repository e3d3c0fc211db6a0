// Package compare finds out what got worse between two recordings of a program: operations that
// are slower, requests that make more database queries, and operations that fail more often. It
// also finds operations that are new or gone, and checks a recording against a [Budget].
//
// A [Profile] collects the spans of one recording. [Compare] compares two profiles. The texts of a
// result are safe to print: personal numbers, credentials and escape sequences are removed.
package compare
