// Package dbcall turns what is known of a query and of its outcome into spans and
// measurements: what package sqltrace and its adapters have in common.
package dbcall
