//go:build !fault

package load_test

// scale is the factor by which the long tests are shortened.
const scale = 10
