//go:build unix && !linux

package main

// adoptOrphans does nothing: init does.
func adoptOrphans() {}
