package pq

import (
	"net"
	"runtime"
	"testing"

	"github.com/nais/spor/internal/peers/probe"
	"github.com/nais/spor/internal/peers/probe/sqlopen"
)

// sporOpen and sporOpenDB return the functions to call instead of sql.Open and sql.OpenDB.
var (
	sporOpen   = sqlopen.Open
	sporOpenDB = sqlopen.OpenDB
)

// sporRun takes the place of m.Run.
func sporRun(m *testing.M) int { return probe.Run(m) }

// sporFail returns the function that fake servers call instead of panic.
func sporFail(t *testing.T, cn net.Conn) func(any) {
	return func(reason any) {
		t.Error(reason)
		_ = cn.Close()
		runtime.Goexit()
	}
}
