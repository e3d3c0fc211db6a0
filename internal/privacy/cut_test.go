package privacy_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/nais/spor/internal/privacy"
)

const shortJWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ6cXZrd3hqIn0.zqvkwxjzqvkwxj"

// cutCases are texts with a secret. No part of the secret with so many bytes may be left.
var cutCases = map[string]struct {
	text, secret string
	part         int
}{
	"number":             {"01017012345", "01017012345", 6},
	"space":              {"010170 12345", "010170 12345", 6},
	"no-break space":     {"010170\u00a012345", "010170\u00a012345", 6},
	"percent":            {escaped("01017012345", "%%%02X"), escaped("01017012345", "%%%02X"), 18},
	"percent five times": {escaped("01017012345", "%%25252525%02x"), escaped("01017012345", "%%25252525%02x"), 66},
	"JSON":               {escaped("01017012345", `\u%04x`), escaped("01017012345", `\u%04x`), 36},
	"JSON six times":     {escaped("01017012345", strings.Repeat(`\`, 63)+`u%04x`), escaped("01017012345", strings.Repeat(`\`, 63)+`u%04x`), 408},
	"%q":                 {escaped("01017012345", `\U%08x`), escaped("01017012345", `\U%08x`), 60},
	"user":               {"https://zq:vkwxj@host/", "zq:vkwxj", 2},
	"slash":              {"https://zq:vk/wxj@host/", "zq:vk/wxj", 2},
	"long password":      {"https://" + strings.Repeat("zqvkwxj:", 300) + "@host/", strings.Repeat("zqvkwxj:", 300), 4},
	"long slash":         {"https://zq:vk/" + strings.Repeat("zqvkwxj", 300) + "@host/", "zq:vk/" + strings.Repeat("zqvkwxj", 300), 4},
	"code":               {"/cb?code=" + strings.Repeat("zqvkwxj", 3), strings.Repeat("zqvkwxj", 3), 2},
	"long token":         {"/cb?token=" + strings.Repeat("zqvkwxj", 300), strings.Repeat("zqvkwxj", 300), 4},
	"JWT":                {shortJWT, shortJWT, 3},
	"long JWT":           {shortJWT + strings.Repeat("zqvkwxj", 300), shortJWT + strings.Repeat("zqvkwxj", 300), 3},
	"Bearer":             {"Bearer zqvkwxjzqvkwxjzqv", "zqvkwxjzqvkwxjzqv", 2},
	"Basic":              {"Basic enF2a3VzZXI6enF2a3d4cXo=", "enF2a3VzZXI6enF2a3d4cXo=", 3},
	"pair":               {`{"token":"zqvkwxj"}`, "zqvkwxj", 2},
	"cookie":             {"Cookie: zq=vkwxj", "zq=vkwxj", 3},
}

func escaped(text, format string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, format, c)
	}
	return b.String()
}

func partOf(text, secret string, part int) string {
	for i := 0; i+part <= len(secret); i++ {
		if strings.Contains(text, secret[i:i+part]) {
			return secret[i : i+part]
		}
	}
	return ""
}

var cuts = map[string]struct {
	cut  func(string, int) string
	size func(string) int
}{
	"characters": {privacy.Cut, utf8.RuneCountInString},
	"bytes":      {privacy.CutBytes, func(s string) int { return len(s) }},
}

// TestCutLeavesNoPartOfASecret puts a secret at every place around the limit, and around the end of
// the text that Cut reads. The second place matters if the text before it becomes shorter, because
// it contains a long credential.
func TestCutLeavesNoPartOfASecret(t *testing.T) {
	const limit = 420 // longer than six digits in the longest form
	words := strings.Repeat("some bites ", 150)
	const room = limit + privacy.Margin
	befores := []string{"", "Bearer " + strings.Repeat("0a", room/2-40) + " ", "some /?token=" + strings.Repeat("1a", room/2-250) + " "}
	for unit, c := range cuts {
		for name, tt := range cutCases {
			for _, before := range befores {
				for _, after := range []string{"", " " + words} {
					for start := range room + 2 - len(before) {
						if before == "" && start > limit+1 {
							break
						}
						text := before + words[:start] + " " + tt.text + after
						got := c.cut(text, limit)
						if part := partOf(got, tt.secret, tt.part); part != "" {
							t.Fatalf("%s, %s, start %d: %q leaves: %q", unit, name, start, part, got)
						}
						if c.size(got) > limit {
							t.Fatalf("%s, %s, start %d: got %d, want %d at most: %q", unit, name, start, c.size(got), limit, got)
						}
						if again := privacy.Text(got); again != got {
							t.Fatalf("%s, %s, start %d: got %q, which Text changes to %q", unit, name, start, got, again)
						}
					}
				}
			}
		}
	}
}

// TestCutKeepsWhatIsBeforeTheLimit checks the exact results.
func TestCutKeepsWhatIsBeforeTheLimit(t *testing.T) {
	long := strings.Repeat("æ", 3*privacy.Margin)
	for _, tt := range []struct {
		text  string
		limit int
		want  string
	}{
		{"", 0, ""},
		{"x", 0, ""},
		{long, 0, ""},
		{"12345", 5, "12345"},
		{"123456", 5, "12345"},
		{long, 5, "æææææ"},
		{"æ\xff\xffæ", 3, "æ\xff\xff"},
		{"x 01017012345 y", 7, "x *****"},
		{"x 01017012345 y" + long, 7, "x *****"},
		{"x 01017012345", 13, "x ***********"},
		{"010170123456", 11, "***********"}, // eleven digits are left
		{"?token=x", 8, "?token="},          // not a part of REDACTED
		{"?token=xyz&n=1", 15, "?token=REDACTED"},
		{"?token=xyz&n=1" + long, 20, "?token=REDACTED&n=1æ"},
		{"a?token=" + long, 20, "a?token=REDACTED"},
		{"https://host/" + long, 15, "https://host/ææ"},
		{"https://host:80/" + long, 18, "https://host:80/ææ"},
		{long + " https://u:p@host/", 4, "ææææ"},
	} {
		if got := privacy.Cut(tt.text, tt.limit); got != tt.want {
			t.Errorf("%.40q, %d: got %q, want %q", tt.text, tt.limit, got, tt.want)
		}
	}
	if got := privacy.CutBytes("0123456789", 4); got != "0123" {
		t.Errorf("bytes: got %q, want 0123", got)
	}
}

// FuzzCut checks that no part of a personal number is left. It also checks that the result is the
// same if the SDK has cut the text at the higher limit.
func FuzzCut(f *testing.F) {
	f.Add("some ", " bites", uint16(8), uint16(0))
	f.Add("?code=", "&n=1", uint16(3), uint16(1000))
	f.Add("https://u:", "@host", uint16(9), uint16(20))
	f.Add(`{"token":"`, `"}`, uint16(15), uint16(1020))
	f.Add("eyJhbGciOiJFUzI1NiJ9.eyJ", ".x", uint16(40), uint16(1))
	f.Fuzz(func(t *testing.T, before, after string, limit, more uint16) {
		if strings.ContainsAny(before+after, "0123456789") || len(before) > 1<<12 {
			return
		}
		text := before + strings.Repeat(" ", int(more%2048)) + " 31129912345 " + after
		n := int(limit % 2048)
		got := privacy.Cut(text, n)
		if part := partOf(got, "31129912345", 6); part != "" {
			t.Errorf("%q, %d: %q leaves: %q", text, n, part, got)
		}
		if size := utf8.RuneCountInString(got); size > n {
			t.Errorf("%q, %d: got %d characters", text, n, size)
		}
		if utf8.ValidString(text) {
			runes := []rune(text)
			if sdk := privacy.Cut(string(runes[:min(len(runes), n+privacy.Margin)]), n); sdk != got {
				t.Errorf("%q, %d: got %q, but %q if the SDK has cut the text", text, n, got, sdk)
			}
		}
	})
}
