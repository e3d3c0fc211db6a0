package collector

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/stats"
)

// TestContact checks whether there was a connection within 30 seconds, for connections that
// end in different ways.
func TestContact(t *testing.T) {
	for name, tt := range map[string]struct {
		answered   bool
		open, ago  time.Duration // how long the connection was open, and how long ago it ended
		neverEnded bool
		want       bool
	}{
		"open":                                  {open: time.Hour, neverEnded: true, want: true},
		"ended now":                             {open: time.Minute, want: true},
		"ended 30 s ago":                        {open: time.Minute, ago: 30 * time.Second, want: true},
		"ended earlier":                         {open: time.Minute, ago: 31 * time.Second},
		"ended soon after an answer":            {open: time.Millisecond, answered: true, want: true},
		"ended soon, without an answer (proxy)": {open: time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := new(Contact)
				if c.Within(time.Hour) {
					t.Error("there was no connection yet")
				}
				c.TagRPC(t.Context(), &stats.RPCTagInfo{})
				if !c.Within(time.Second) {
					t.Error("the first request is being made")
				}
				pass(time.Hour)
				if c.Within(time.Hour - 1) {
					t.Error("the first request was made an hour ago, without a connection")
				}
				ctx := c.TagConn(t.Context(), &stats.ConnTagInfo{})
				c.HandleConn(ctx, &stats.ConnBegin{Client: true})
				pass(tt.open)
				if tt.answered {
					c.HandleRPC(context.Background(), &stats.InHeader{Client: true})
				}
				if !tt.neverEnded {
					c.HandleConn(ctx, &stats.ConnEnd{Client: true})
				}
				pass(tt.ago)
				if got := c.Within(30 * time.Second); got != tt.want {
					t.Errorf("got %t, want %t", got, tt.want)
				}
			})
		})
	}
}

// pass lets time pass in a bubble of synctest.
func pass(d time.Duration) { <-time.After(d) }
