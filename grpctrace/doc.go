// Package grpctrace traces and measures gRPC servers and clients.
package grpctrace
