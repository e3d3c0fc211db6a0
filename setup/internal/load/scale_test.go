//go:build !fault

package load_test

// scale is by how much the long runs are shortened.
const scale = 10
