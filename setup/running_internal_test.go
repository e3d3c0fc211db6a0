package setup

import "testing"

// TestStartTakesOverTheTeam checks that Start keeps using the queue of marked records that were
// logged before Start. After shutdown, the next marked record must get a new queue.
func TestStartTakesOverTheTeam(t *testing.T) {
	before := outputs{}.Team()
	if got := takeGlobals(); got != before {
		t.Errorf("Start: got a different Team than the records before Start")
	}
	if takeGlobals() != nil {
		t.Error("the globals were taken twice")
	}
	if got := (outputs{}).Team(); got != before || (outputs{}).Provider() != nil {
		t.Error("while telemetry starts: got a different Team, or a provider")
	}
	running.Store(nil)
	if got := takeGlobals(); got == nil || got == before {
		t.Error("after shutdown: want a new Team")
	}
	running.Store(nil)
}
