package main

import "slices"

// suites are all suites, in the order in which they start. The longest ones come first, so
// that two of them run side by side until the end.
var suites = slices.Concat(kafkaSuites, grpcSuites, standardSuites, sqlSuites)
