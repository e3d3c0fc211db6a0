package privacy_test

import (
	"testing"
	"unsafe"

	"github.com/nais/spor/internal/privacy"
)

const m = privacy.Masked

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"01019012345":                       m,
		"fnr 01019012345.":                  "fnr " + m + ".",
		"fnr01019012345abc":                 "fnr" + m + "abc",
		"010190 12345":                      m,
		"010190+12345":                      m,
		"010190\u00a012345":                 m,
		"010190\u202f12345":                 m,
		"010190%2012345":                    m,
		"010190%252012345":                  m,
		"010190%2B12345":                    m,
		"010190%C2%A012345":                 m,
		"010190%e2%80%af12345":              m,
		`010190\u002012345`:                 m,
		`010190\u00a012345`:                 m,
		`010190\\u002B12345`:                m,
		"%30%31%30%31%39%30%31%32%33%34%35": m,
		"0%31019%3012%253345":               m,
		`\u00301019012345`:                  m,
		`0101\u0039012\\u0033` + `45`:       m,
		"%2001019012345":                    "%20" + m,
		"%252001019012345":                  "%2520" + m,
		"%2501019012345":                    "%25" + m,
		"%2F01019012345%2F":                 "%2F" + m + "%2F",
		"%C3%A501019012345":                 "%C3%A5" + m,
		`\u00e501019012345`:                 `\u00e5` + m,
		`\u002201019012345\u0022`:           `\u0022` + m + `\u0022`,
		`\n01019012345\n`:                   `\n` + m + `\n`,
		"LIKE '%01019012345%'":              "LIKE '%" + m + "%'",
		"a=1;b=01019012345&c=41019012345":   "a=1;b=" + m + "&c=" + m,
		"01019012345 01019012345":           m + " " + m,
		"41019012345":                       m,
		"01419012345":                       m,
		"01669012345":                       m,
		"01819012345":                       m,
		"41929012345":                       m,
	} {
		if got := privacy.Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMaskLeaves(t *testing.T) {
	for _, in := range []string{
		"", "1", "0101901234", "010190123456", "00019012345", "32019012345", "01139012345", "31029012345",
		"1700000000", "1700000000123", "1700000000123456", "1700000000123456789",
		"NO9386011117947", "NO93 8601 1117 947", "923609016", "923 609 016 MVA", "1 234 567,89",
		"2010190 12345", "010190 123456", "010190  12345", "010190-12345",
		"%3101019012345", `\u003101019012345`, "0101901234%35%36",
		"8d3f0a12-1b2c-4d5e-8f90-a01019012345",
		"00f0101019012345", "01019012345abcde", "%2F01019012345abcde", `\u002f01019012345abcde`,
		"4bf92f3577b34da6a3ce01019012345a", "8d3f0a12-1b2c-4d5e-8f90-aaaaaa010190 12345",
	} {
		got := privacy.Mask(in)
		if got != in {
			t.Errorf("Mask(%q) = %q", in, got)
		}
		if unsafe.StringData(got) != unsafe.StringData(in) {
			t.Errorf("Mask(%q) made a copy", in)
		}
	}
}

func TestURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://h/p?q=1&token=abc&z=2":                      "https://h/p?q=1&token=REDACTED&z=2",
		"https://h/p?acc%65ss_token=abc":                     "https://h/p?acc%65ss_token=REDACTED",
		"https://h/p#access_token=abc&state=1":               "https://h/p#access_token=REDACTED&state=1",
		"https://h/p?a=1;token=abc;b=2":                      "https://h/p?a=1;token=REDACTED;b=2",
		"https://h/p?token=a;b":                              "https://h/p?token=REDACTED",
		"https://u:p@h/p":                                    "https://REDACTED:REDACTED@h/p",
		"https://u@h/p@x":                                    "https://REDACTED:REDACTED@h/p@x",
		"https://u:p/x@h/p":                                  "https://REDACTED:REDACTED@h/p",
		"https://h/@x?y=a@b":                                 "https://h/@x?y=a@b",
		"https://h/p;jsessionid=ABC/x?y=1":                   "https://h/p;jsessionid=REDACTED/x?y=1",
		"/cb?u=https%3A%2F%2Fh%3Fsig%3Dab%26x%3D1&y=2":       "/cb?u=https%3A%2F%2Fh%3Fsig%3DREDACTED%26x%3D1&y=2",
		"/p?token=a%26b&c=d":                                 "/p?token=REDACTED&c=d",
		"/p?user[password]=x&code=123&code=0123456789abcdef": "/p?user[password]=REDACTED&code=123&code=REDACTED",
		"/p?token=&x=1":                                      "/p?token=&x=1",
		"/p?token=1&token=2":                                 "/p?token=REDACTED&token=REDACTED",
	} {
		if got := privacy.URL(in); got != want {
			t.Errorf("URL(%q) = %q, want %q", in, got, want)
		}
		if got := privacy.URL(want); got != want {
			t.Errorf("URL(%q) = %q, want it unchanged", want, got)
		}
	}
}

func TestLine(t *testing.T) {
	in := `{"a":"01019012345","b":12019012345,"c":[0.12019012345],"d":"x\"12019012345"}`
	want := `{"a":"***********","b":99999999999,"c":[0.99999999999],"d":"x\"***********"}`
	if got := string(privacy.Line([]byte(in))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
