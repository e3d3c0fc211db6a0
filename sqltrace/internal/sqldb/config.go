package sqldb

import "github.com/nais/spor/internal/db"

// A Config contains the settings that the options of package sqltrace change.
type Config struct {
	db.Config

	// Transactions is true if each transaction gets a span.
	Transactions bool
	// BatchStatements is true if each statement of a batch gets a span.
	BatchStatements bool
	// QueryNames is true if spans are named after the names that sqlc gives to queries.
	QueryNames bool
	// SQLCommenter is true if the trace context is added to the text that the database
	// gets.
	SQLCommenter bool
}
