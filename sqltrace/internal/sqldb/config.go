package sqldb

import "github.com/nais/spor/internal/db"

// A Config is what the options of package sqltrace set.
type Config struct {
	db.Config

	// Transactions asks for a span around each transaction.
	Transactions bool
	// QueryNames asks for spans named as sqlc names queries.
	QueryNames bool
	// SQLCommenter asks for the trace context in the text that the database gets.
	SQLCommenter bool
}
