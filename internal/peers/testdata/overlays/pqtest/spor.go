package pqtest

import "github.com/nais/spor/internal/peers/probe/sqlopen"

// sporOpen returns the function to call instead of sql.Open.
var sporOpen = sqlopen.Open
