package setup

import "testing"

// Records that are marked before Start stay in the queue that Start opens and shutdown
// empties; the next one gets a queue of its own.
func TestStartTakesOverTheTeam(t *testing.T) {
	before := outputs{}.Team()
	if got := takeGlobals(); got != before {
		t.Errorf("Start: got another Team than the records before it")
	}
	if takeGlobals() != nil {
		t.Error("the globals were taken twice")
	}
	if got := (outputs{}).Team(); got != before || (outputs{}).Provider() != nil {
		t.Error("while it starts: got another Team, or a provider")
	}
	running.Store(nil)
	if got := takeGlobals(); got == nil || got == before {
		t.Error("after shutdown: want a new Team")
	}
	running.Store(nil)
}
