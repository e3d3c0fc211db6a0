// Package dbconf holds what is known of a database before the first query: the
// options of package sqltrace, which its adapters read here, and where the
// database is.
package dbconf
