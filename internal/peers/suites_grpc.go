package main

// grpcSuites are the suites of gRPC, and of log handlers.
var grpcSuites = []*suite{}
