package pq_test

import "github.com/nais/spor/internal/peers/probe/sqlopen"

// sporOpen and sporOpenDB return the functions to call instead of sql.Open and sql.OpenDB.
var (
	sporOpen   = sqlopen.Open
	sporOpenDB = sqlopen.OpenDB
)
