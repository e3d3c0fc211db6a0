package stdlib

import "github.com/nais/spor/internal/peers/probe/sqlopen"

// sporOpenDB takes the place of sql.OpenDB.
var sporOpenDB = sqlopen.OpenDB
