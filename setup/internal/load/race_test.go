//go:build race

package load_test

// race says that memory and time are those of the race detector.
const race = true
