package sqldb

import "github.com/nais/spor/internal/db"

// A Config contains the settings that the options of package sqltrace change.
type Config struct {
	db.Config

	// Transactions adds a span around each transaction.
	Transactions bool
	// QueryNames names spans after the names that sqlc gives to queries.
	QueryNames bool
	// SQLCommenter adds the trace context to the text that the database gets.
	SQLCommenter bool
}
