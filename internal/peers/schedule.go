package main

import (
	"errors"
	"slices"
	"sync"
)

// A job is a suite, or the SQL corpora.
type job struct {
	// service is the server that the job needs for itself. It may be empty.
	service string
	run     func() error
}

// sideBySide is how many jobs run at the same time.
const sideBySide = 2

// A schedule starts jobs in order. Jobs of the same service never run at the same time.
type schedule struct {
	mu   sync.Mutex
	free *sync.Cond
	jobs []job
	busy map[string]bool
}

// runAll runs all jobs, and returns their errors.
func runAll(jobs []job) error {
	s := &schedule{jobs: jobs, busy: map[string]bool{}}
	s.free = sync.NewCond(&s.mu)
	problems := make([]error, sideBySide)
	var workers sync.WaitGroup
	for i := range sideBySide {
		workers.Go(func() {
			for j, ok := s.next(); ok; j, ok = s.next() {
				problems[i] = errors.Join(problems[i], j.run())
				s.done(j)
			}
		})
	}
	workers.Wait()
	return errors.Join(problems...)
}

// next returns the first job whose service is free. It waits until there is one. It returns
// false if no job is left.
func (s *schedule) next() (job, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.jobs) > 0 {
		i := slices.IndexFunc(s.jobs, func(j job) bool { return !s.busy[j.service] })
		if i < 0 {
			s.free.Wait()
			continue
		}
		j := s.jobs[i]
		s.jobs = slices.Delete(s.jobs, i, i+1)
		s.busy[j.service] = j.service != ""
		return j, true
	}
	return job{}, false
}

func (s *schedule) done(j job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy[j.service] = false
	s.free.Broadcast()
}
