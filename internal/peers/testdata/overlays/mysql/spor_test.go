package mysql

import (
	"os"
	"testing"

	"github.com/nais/spor/internal/peers/probe"
	"github.com/nais/spor/internal/peers/probe/sqlopen"
)

// sporOpen and sporOpenDB return the functions to call instead of sql.Open and sql.OpenDB. sporUnwrap returns the
// connection of the driver.
var (
	sporOpen   = sqlopen.Open
	sporOpenDB = sqlopen.OpenDB
	sporUnwrap = sqlopen.Unwrap
)

func TestMain(m *testing.M) { os.Exit(probe.Run(m)) }
