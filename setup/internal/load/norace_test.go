//go:build !race

package load_test

const race = false
