// Package privacy masks personal numbers and redacts credentials in text that is exported or logged.
package privacy
