//go:build fault

package load_test

const scale = 1
