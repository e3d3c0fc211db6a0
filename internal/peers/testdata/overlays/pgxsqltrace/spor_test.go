package stdlib_test

import (
	"os"
	"testing"

	"github.com/nais/spor/internal/peers/probe"
	"github.com/nais/spor/internal/peers/probe/sqlopen"
)

// sporOpen returns the function to call instead of sql.Open, and sporUnwrap returns the connection of the driver.
var (
	sporOpen   = sqlopen.Open
	sporUnwrap = sqlopen.Unwrap
)

func TestMain(m *testing.M) { os.Exit(probe.Run(m)) }
