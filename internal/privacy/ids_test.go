package privacy_test

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nais/spor/internal/privacy"
)

// TestMaskLeavesIDs checks that Mask does not change random IDs. It tests a million UUIDs, a
// million span IDs, a million trace IDs, and 100,000 digests of each kind. In short mode, it
// tests a tenth of these numbers. Each ID is tested after several characters and escapes that
// often come before an ID.
func TestMaskLeavesIDs(t *testing.T) {
	t.Parallel()
	for _, kind := range []struct {
		name  string
		count int
		bytes int
		id    func(hex string) string
	}{
		{"UUID", 1_000_000, 16, func(h string) string { return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:] }},
		{"UUID in capitals", 100_000, 16, func(h string) string {
			return strings.ToUpper(h[:8] + "-" + h[8:12] + "-7" + h[13:16] + "-9" + h[17:20] + "-" + h[20:])
		}},
		{"span ID", 1_000_000, 8, func(h string) string { return h }},
		{"trace ID", 1_000_000, 16, func(h string) string { return h }},
		{"SHA-1", 100_000, 20, func(h string) string { return h }},
		{"SHA-256", 100_000, 32, func(h string) string { return h }},
	} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() {
				kind.count /= 10
			}
			random := rand.NewChaCha8([32]byte{byte(kind.bytes)})
			var b []byte
			raw := make([]byte, kind.bytes)
			for range kind.count {
				_, _ = random.Read(raw)
				id := kind.id(hex.EncodeToString(raw))
				b = append(b[:0], id...)
				b = append(append(b, `","/`...), id...)
				b = append(append(b, `%2F`...), id...)
				b = append(append(b, `\u003d`...), id...)
				b = append(append(b, `\n`...), id...)
				b = append(append(b, ' '), id...)
				b = append(append(b, `%20`...), id...)
				b = append(append(b, `+`...), id...)
				if s := string(b); privacy.Mask(s) != s {
					t.Fatalf("Mask(%q) = %q", s, privacy.Mask(s))
				}
			}
		})
	}
}
