// Package kafkatrace is the engine that traces and measures Kafka clients.
package kafkatrace
