package main

import (
	"errors"
	"sync/atomic"
	"testing"
)

func TestSchedule(t *testing.T) {
	var ran, kafka atomic.Int32
	use := func() error {
		if kafka.Add(1) > 1 {
			t.Error("two jobs of one service run at the same time")
		}
		defer kafka.Add(-1)
		ran.Add(1)
		return nil
	}
	wrong := errors.New("wrong")
	var jobs []job
	for range 20 {
		jobs = append(jobs, job{"kafka", use}, job{"", func() error { ran.Add(1); return nil }})
	}
	jobs = append(jobs, job{"", func() error { ran.Add(1); return wrong }})
	if err := runAll(jobs); !errors.Is(err, wrong) {
		t.Errorf("got %v", err)
	}
	if got := ran.Load(); got != 41 {
		t.Errorf("%d jobs ran, want 41", got)
	}
}
