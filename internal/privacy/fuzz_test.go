package privacy_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unsafe"

	"github.com/nais/spor/internal/privacy"
)

// The function planted returns a personal number. kind selects one of eleven numbers. how selects
// the encoding of each character, with two bits per character.
func planted(kind uint8, how uint32) string {
	digits := [...]string{
		"01019012345", "31129999999", "29020000000", "71125012345", "15507600333", "15757612345",
		"10915596784", "50915596784", "01219000000", "010190 12345", "410190 12345",
	}[kind%11]
	var b strings.Builder
	for _, c := range []byte(digits) {
		const hexDigits = "0123456789abcdef"
		high, low := hexDigits[c>>4], hexDigits[c&15]
		switch how & 3 {
		case 0, 1:
			b.WriteByte(c)
		case 2:
			b.Write([]byte{'%', high, low})
		case 3:
			b.Write([]byte{'\\', 'u', '0', '0', high, low})
		}
		how >>= 2
	}
	return b.String()
}

// The variable joins matches a text that could change how Mask reads the number after it. The end
// of the text may be a digit that makes the number longer, a part of an escape, or a part of a
// token in which the number is not masked.
var joins = regexp.MustCompile(`(?:[0-9A-Za-z%\\]|[-+ ]|\xC2\xA0|\xE2\x80\xAF)$`)

var startsToken = regexp.MustCompile(`^[0-9A-Fa-f%\\]`)

func FuzzMaskFindsNumbers(f *testing.F) {
	f.Add("", "", uint8(0), uint32(0))
	f.Add("%2F", "%2F", uint8(9), uint32(0x2a2a2a))
	f.Add("\\n", " 12", uint8(1), ^uint32(0))
	f.Add("010190 ", "", uint8(2), uint32(0x123456))
	f.Fuzz(func(t *testing.T, before, after string, kind uint8, how uint32) {
		number := planted(kind, how)
		// The brackets separate the number from any other text.
		in := before + "[" + number + "]" + after
		got := privacy.Mask(in)
		// Mask may treat a percent sign in the number as plain text. In that case, Mask does not
		// change the digits before the percent sign. So the test only checks that the mask comes
		// directly before the bracket.
		if !strings.Contains(got, privacy.Masked+"]") || strings.Contains(got, number) {
			t.Errorf("Mask(%q) = %q: the number is not masked", in, got)
		}
		if again := privacy.Mask(got); again != got {
			t.Errorf("Mask(%q) = %q, and a second time %q", in, got, again)
		}
		// Without brackets, the number is also masked, unless the text next to the number
		// changes its meaning.
		if tail := joins.FindString(before); tail == "" && !startsToken.MatchString(after) {
			if in := before + number + after; strings.Contains(privacy.Mask(in), number) {
				t.Errorf("Mask(%q) = %q: the number is not masked", in, privacy.Mask(in))
			}
		}
	})
}

var (
	elevenDigits = regexp.MustCompile(`(?:^|[^0-9])([0-9]{11})(?:[^0-9]|$)`)
	hasNumber    = regexp.MustCompile(`[0-9]{6}`)
)

func FuzzMaskIsIdempotent(f *testing.F) {
	for _, s := range survivors {
		f.Add(s)
	}
	f.Add("01019012345%31010112345")
	f.Add("0101901234%35%31010112345")
	f.Add(`\u003101019012345\u0030 010190%2012345%2001019012345`)
	f.Add("abcde01019012345 01019012345abcde01019012345")
	f.Add("0101000000%30.01010000000")
	f.Add(`\u00310100000000A01010000000`)
	f.Add("%310100000000A01010000000")
	f.Add("%0001010000000x01010000000A0000")
	f.Add("01010000000A101000%300%3000")
	f.Add("010100 00000A00-0000-0000-0000-000000A010100 00000")
	f.Add("%25310100000000A01010000000abcdef")
	f.Fuzz(func(t *testing.T, s string) {
		got := privacy.Mask(s)
		if again := privacy.Mask(got); again != got {
			t.Errorf("Mask(%q) = %q, and a second time %q", s, got, again)
		}
		if got == s && unsafe.StringData(got) != unsafe.StringData(s) {
			t.Errorf("Mask(%q) is a copy", s)
		}
		if privacy.Found(s) != (got != s) {
			t.Errorf("Found(%q) = %v, but Mask = %q", s, privacy.Found(s), got)
		}
		if !hasNumber.MatchString(s) && !strings.ContainsAny(s, `%\`) && got != s {
			t.Errorf("Mask(%q) = %q, want no change without six digits", s, got)
		}
	})
}

// FuzzMaskAgrees compares Mask with a simple implementation of the same rule. The texts contain
// no escapes and no hexadecimal letters.
func FuzzMaskAgrees(f *testing.F) {
	f.Add("01019012345 x 32019012345,010190123456")
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.Map(func(r rune) rune {
			if r < 0x80 && strings.ContainsRune("%\\abcdefABCDEF+ ", r) || r == 0xA0 || r == 0x202F {
				return '.'
			}
			return r
		}, s)
		want := s
		for {
			at := elevenDigits.FindStringSubmatchIndex(want)
			if at == nil {
				break
			}
			mask := privacy.Masked
			if number := want[at[2]:at[3]]; privacy.Mask(number) == number {
				mask = "no number.."
			}
			want = want[:at[2]] + mask + want[at[3]:]
			s = s[:at[2]] + strings.Replace(mask, "no number..", s[at[2]:at[3]], 1) + s[at[3]:]
		}
		if got := privacy.Mask(s); got != s {
			t.Errorf("Mask(%q) = %q", s, got)
		}
	})
}

func FuzzLine(f *testing.F) {
	f.Add(`{"a":"01019012345","b":12019012345,"c":[0.12019012345],"d":"x\"\u01019012345"}`)
	f.Add(`{"url":"https://u:p@h/?token=a\u0026x=1\\u0026sig=b","n":-12019012345e5}`)
	f.Add(`"\\u0030101901234\u0035 010190\u002012345"`)
	f.Fuzz(func(t *testing.T, s string) {
		got := string(privacy.Line([]byte(s)))
		if json.Valid([]byte(s)) && !json.Valid([]byte(got)) {
			t.Errorf("Line(%q) = %q, which is not JSON", s, got)
		}
		if again := string(privacy.Line([]byte(got))); again != got {
			t.Errorf("Line(%q) = %q, and a second time %q", s, got, again)
		}
	})
}

func FuzzURL(f *testing.F) {
	f.Add("https://u:p@h/p?a=1;token=", "&b=2#c")
	f.Add("/cb?u=https%3A%2F%2Fu%3Ap%40h%3Fsig%3Da%26access_token%3D", "%26x=1")
	f.Add("?tok%65n=", "")
	f.Fuzz(func(t *testing.T, before, after string) {
		for _, redact := range []func(string) string{privacy.URL, privacy.Query, privacy.Text} {
			in := before + after
			got := redact(in)
			if again := redact(got); again != got {
				t.Errorf("%q redacted is %q, and redacted twice %q", in, got, again)
			}
			if got == in && unsafe.StringData(got) != unsafe.StringData(in) {
				t.Errorf("%q is copied", in)
			}
		}
		in := before + "&access_token=hemmelig" + after
		if got := privacy.URL(in); strings.Contains(got, "=hemmelig") {
			t.Errorf("URL(%q) = %q", in, got)
		}
	})
}
