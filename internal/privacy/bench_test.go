package privacy_test

import (
	"strings"
	"testing"

	"github.com/nais/spor/internal/privacy"
)

var (
	attribute = "/api/v1/orders/1234?"[:20]
	statement = strings.Repeat("SELECT o.id, o.status, c.name FROM orders AS o JOIN customers AS c ON c.id = o.customer_id WHERE o.created > $1 ", 5)[:500]
	logLine   = `{"time":"2026-01-02T15:04:05.123456789Z","level":"INFO","message":"order \"paid\"","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","fields":[` +
		strings.Repeat(`{"id":"8d3f0a12-1b2c-4d5e-8f90-a1b2c3d4e5f6","path":"/api/orders/123456","took_ms":12.34,"ok":true},`, 40)[:1800] + `"end"]}`
	numbered = strings.Replace(logLine, `"order `, `"order 01019012345 `, 1)
)

func BenchmarkMask(b *testing.B) {
	for _, row := range []struct{ name, text string }{
		{"attribute", attribute},
		{"statement", statement},
		{"log line", logLine},
		{"with a number", numbered},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.SetBytes(int64(len(row.text)))
			b.ReportAllocs()
			for b.Loop() {
				privacy.Mask(row.text)
			}
		})
	}
}

func BenchmarkLine(b *testing.B) {
	for _, row := range []struct{ name, text string }{
		{"log line", logLine},
		{"with a number", numbered},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.SetBytes(int64(len(row.text)))
			b.ReportAllocs()
			line := make([]byte, 0, len(row.text))
			for b.Loop() {
				privacy.Line(append(line, row.text...))
			}
		})
	}
}

func BenchmarkURL(b *testing.B) {
	for _, row := range []struct{ name, text string }{
		{"clean", "https://api.example.com/v1/orders?status=paid&page=2&sort=created"},
		{"credential", "https://api.example.com/v1/orders?status=paid&access_token=abc123"},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				privacy.URL(row.text)
			}
		})
	}
}
