package main

import "slices"

// suites are all suites, in the order in which they run.
var suites = slices.Concat(standardSuites, sqlSuites, grpcSuites, kafkaSuites)
