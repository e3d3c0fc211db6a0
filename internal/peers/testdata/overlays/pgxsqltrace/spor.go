package stdlib

import "github.com/nais/spor/internal/peers/probe/sqlopen"

// sporOpenDB returns the function to call instead of sql.OpenDB.
var sporOpenDB = sqlopen.OpenDB
