package healthcheck_test

import (
	"testing"

	"github.com/nais/spor/internal/healthcheck"
)

func TestHTTP(t *testing.T) {
	for path, want := range map[string]bool{
		"/isalive": true, "/IsReady/": true, "/app/metrics": true, "/prometheus": true, "/favicon.ico": true,
		"/is_alive": true, "/app_is_ready": true, "/internal/health": true, "/a/Internal/StatusPage/b": true,
		"/internal/alive": true, "/internal/ready": true, "/actuator/info": true, "/a/actuator/b": true, "isalive": true,
		"": false, "/": false, "/actuator": false, "/actuator/": false, "/internal": false, "/internal/orders": false,
		"/isalive/orders": false, "/misalive": false, "/metrics2": false, "/my-internal/health": false, "internal/health": false,
	} {
		for _, method := range []string{"GET", "HEAD"} {
			if got := healthcheck.HTTP(method, path); got != want {
				t.Errorf("%s %s: got %t", method, path, got)
			}
		}
		if healthcheck.HTTP("POST", path) {
			t.Errorf("POST %s: got true", path)
		}
	}
}

func TestRPC(t *testing.T) {
	for method, want := range map[string]bool{
		"/grpc.health.v1.Health/Check": true, "grpc.health.v1.Health/Watch": true, "grpc.health.v1.Health": true,
		"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo":      true,
		"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": true,
		"": false, "/": false, "/orders.v1.Orders/Check": false, "/grpc.health.v1.HealthOf/Check": false, "/grpc.testing.TestService/UnaryCall": false,
	} {
		if got := healthcheck.RPC(method); got != want {
			t.Errorf("%q: got %t", method, got)
		}
		if got := healthcheck.HTTP("POST", method); got != want { // a server of Connect
			t.Errorf("POST %q: got %t", method, got)
		}
	}
}

func TestAllocatesNothing(t *testing.T) {
	if got := testing.AllocsPerRun(100, func() {
		healthcheck.HTTP("GET", "/a/internal/orders/7")
		healthcheck.RPC("/orders.v1.Orders/Get")
	}); got != 0 {
		t.Errorf("allocations: got %v, want 0", got)
	}
}
