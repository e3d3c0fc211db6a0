package pqtest

import "github.com/nais/spor/internal/peers/probe/sqlopen"

// sporOpen takes the place of sql.Open.
var sporOpen = sqlopen.Open
