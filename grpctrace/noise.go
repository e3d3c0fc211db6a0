package grpctrace

import "strings"

// noise reports whether a method is one that only probes and tools call.
func noise(fullMethod string) bool {
	return strings.HasPrefix(fullMethod, "/grpc.") &&
		(strings.HasPrefix(fullMethod, "/grpc.health.v1.Health/") ||
			strings.HasPrefix(fullMethod, "/grpc.reflection.v1.ServerReflection/") ||
			strings.HasPrefix(fullMethod, "/grpc.reflection.v1alpha.ServerReflection/"))
}
