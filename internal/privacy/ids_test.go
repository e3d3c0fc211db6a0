package privacy_test

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nais/spor/internal/privacy"
)

// ids is how many random IDs of each kind must survive, in every surrounding.
const ids = 1_000_000

func TestMaskLeavesIDs(t *testing.T) {
	random := rand.NewChaCha8([32]byte{})
	for _, kind := range []struct {
		name  string
		bytes int
		id    func(hex string) string
	}{
		{"UUID", 16, func(h string) string { return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:] }},
		{"UUID in capitals", 16, func(h string) string {
			return strings.ToUpper(h[:8] + "-" + h[8:12] + "-7" + h[13:16] + "-9" + h[17:20] + "-" + h[20:])
		}},
		{"span ID", 8, func(h string) string { return h }},
		{"trace ID", 16, func(h string) string { return h }},
		{"SHA-1", 20, func(h string) string { return h }},
		{"SHA-256", 32, func(h string) string { return h }},
	} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			var b []byte
			raw := make([]byte, kind.bytes)
			for range ids {
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
