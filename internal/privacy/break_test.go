package privacy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/nais/spor/internal/privacy"
)

// TestCredentialsBesideEscapes puts a credential beside each character that JSON escapes. It reads
// the text as it is, as JSON, and as JSON inside JSON.
func TestCredentialsBesideEscapes(t *testing.T) {
	around := []string{"", " ", "\n", "\t", "\r", "\b", "\f", "\x01", "\x1f", `"`, `\`, `\\`, `\\\`, "\u2028", "<", "x ", "a\n", `a\n`, `\t`}
	for _, before := range around {
		for _, after := range around {
			for _, secret := range []string{"token=zqsecret", "password=zqsecret", "https://h/p?access_token=zqsecret", "https://zqu:zqsecret@h/", "nonce=1&token=zqsecret"} {
				text := before + secret + after
				if got := privacy.Text(text); strings.Contains(got, "zqsecret") {
					t.Errorf("Text(%q) is %q", text, got)
				}
				value := any(text)
				for level := 1; level <= 3; level++ {
					line, err := json.Marshal(map[string]any{"a": []any{value}, "z": 1})
					if err != nil {
						t.Fatal(err)
					}
					if got := privacy.Text(string(line)); strings.Contains(got, "zqsecret") {
						t.Errorf("Text(%s) is %s", line, got)
					}
					got := privacy.Line([]byte(string(line)))
					if strings.Contains(string(got), "zqsecret") || !json.Valid(got) {
						t.Errorf("Line(%s) is %s", line, got)
					}
					value = string(line)
				}
			}
		}
	}
}
