package main

// kafkaSuites are the suites of Kafka clients.
var kafkaSuites = []*suite{}
