package privacy_test

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nais/spor/internal/privacy"
)

// idKinds are the kinds of IDs and numbers that are not masked. hexOf returns random hexadecimal
// digits. A length of hexadecimal digits does not have to be even.
var idKinds = []struct {
	name  string
	count int
	id    func(r *rand.Rand) string
}{
	{"UUID", 3_000_000, func(r *rand.Rand) string {
		h := hexOf(r, 32)
		return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
	}},
	{"UUID in capitals", 100_000, func(r *rand.Rand) string {
		h := hexOf(r, 32)
		return strings.ToUpper(h[:8] + "-" + h[8:12] + "-7" + h[13:16] + "-9" + h[17:20] + "-" + h[20:])
	}},
	{"span ID", 300_000, func(r *rand.Rand) string { return hexOf(r, 16) }},
	{"24 digits", 300_000, func(r *rand.Rand) string { return hexOf(r, 24) }},
	{"trace ID", 300_000, func(r *rand.Rand) string { return hexOf(r, 32) }},
	{"48 digits", 200_000, func(r *rand.Rand) string { return hexOf(r, 48) }},
	{"16 to 128 digits", 500_000, func(r *rand.Rand) string { return hexOf(r, 16+r.IntN(113)) }},
	{"epoch in s", 200_000, func(r *rand.Rand) string { return strconv.FormatInt(epoch(r).Unix(), 10) }},
	{"epoch in ms", 200_000, func(r *rand.Rand) string { return strconv.FormatInt(epoch(r).UnixMilli(), 10) }},
	{"epoch in µs", 200_000, func(r *rand.Rand) string { return strconv.FormatInt(epoch(r).UnixMicro(), 10) }},
	{"epoch in ns", 200_000, func(r *rand.Rand) string { return strconv.FormatInt(epoch(r).UnixNano(), 10) }},
	{"epoch with a fraction", 200_000, func(r *rand.Rand) string { return fmt.Sprintf("%d.%0*d", epoch(r).Unix(), 1+r.IntN(15), r.IntN(1e9)) }},
	{"fraction", 200_000, func(r *rand.Rand) string {
		return fmt.Sprintf("%d.%02d%02d%07d", r.IntN(100), 1+r.IntN(28), 1+r.IntN(12), r.IntN(1e7))
	}},
	{"IBAN", 200_000, iban},
	{"phone number", 200_000, func(r *rand.Rand) string {
		n := strconv.Itoa(2e7 + r.IntN(8e7))
		return [...]string{"%2B47", "+47", "+47 ", "0047", "0047 "}[r.IntN(5)] + [...]string{n, n[:2] + " " + n[2:4] + " " + n[4:6] + " " + n[6:], n[:3] + " " + n[3:5] + " " + n[5:]}[r.IntN(3)]
	}},
}

func hexOf(r *rand.Rand, digits int) string {
	raw := make([]byte, 0, 72)
	for len(raw) < (digits+1)/2 {
		n := r.Uint64()
		raw = append(raw, byte(n), byte(n>>8), byte(n>>16), byte(n>>24), byte(n>>32), byte(n>>40), byte(n>>48), byte(n>>56))
	}
	return hex.EncodeToString(raw)[:digits]
}

// epoch returns a time between 2006 and 10 September 2033.
func epoch(r *rand.Rand) time.Time {
	begin := time.Date(2006, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	return time.Unix(begin+r.Int64N(2_010_000_000-begin), r.Int64N(1e9))
}

// iban returns an IBAN of one of some countries, with and without spaces. In a format, n is a digit
// and a is a letter.
func iban(r *rand.Rand) string {
	formats := [...]string{
		"NOnnnnnnnnnnnnn", "SEnnnnnnnnnnnnnnnnnnnnnn", "DKnnnnnnnnnnnnnnnn", "FInnnnnnnnnnnnnnnn", "DEnnnnnnnnnnnnnnnnnnnn", "GBnnaaaannnnnnnnnnnnnn", "NLnnaaaannnnnnnnnn",
		"BEnnnnnnnnnnnnnn", "FRnnnnnnnnnnnnannnnnnnnnnnn", "ITnnannnnnnnnnnnnnnnnnnnnnn", "PLnnnnnnnnnnnnnnnnnnnnnnnnnn", "LVnnaaaannnnnnnnnnnnn", "MTnnaaaannnnnnnnnnnnaaaaaaaaaaa",
	}
	b := []byte(formats[r.IntN(len(formats))])
	for i, c := range b {
		switch c {
		case 'n':
			b[i] = byte('0' + r.IntN(10))
		case 'a':
			b[i] = byte('A' + r.IntN(26))
		}
	}
	if r.IntN(2) == 0 {
		return string(b)
	}
	var grouped []byte
	for i, c := range b {
		if i > 0 && i%4 == 0 {
			grouped = append(grouped, ' ')
		}
		grouped = append(grouped, c)
	}
	return string(grouped)
}

var befores = [...]string{`","/`, `%2F`, `\u003d`, `\n`, ` `, `%20`, `+`, `_`, `-`, `:`}

// TestMaskLeavesIDs checks that Mask and Line do not change random IDs, Unix times, fractions, IBANs
// and phone numbers. There are more than six million of them, and in short mode a tenth of them.
// Each is tested after several characters and escapes that often come before an ID. Numbers with a
// fraction are not tested after escapes. If the text is a number in JSON, it is also tested as such
// a number.
func TestMaskLeavesIDs(t *testing.T) {
	t.Parallel()
	for i, kind := range idKinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() {
				kind.count /= 10
			}
			random := rand.New(rand.NewPCG(uint64(i), 26))
			var b []byte
			for range kind.count {
				id := kind.id(random)
				b = append(b[:0], id...)
				for _, before := range befores {
					if before[0] != '%' && before[0] != '\\' || !strings.Contains(id, ".") {
						b = append(append(b, before...), id...)
					}
				}
				if s := string(b); privacy.Mask(s) != s {
					t.Fatalf("Mask(%q) = %q", s, privacy.Mask(s))
				}
				if n, err := strconv.ParseFloat(id, 64); err == nil && id[0] != '0' && id[0] != '+' {
					b = fmt.Appendf(b[:0], `{"n":%s,"list":[-%[1]s,%[1]s],"%[1]s":"%[1]s"}`, id)
					if s := string(b); string(privacy.Line(b)) != s {
						t.Fatalf("Line(%s) = %s", s, privacy.Line([]byte(s)))
					}
					if privacy.Float(n) {
						t.Fatalf("Float(%v) = true", n)
					}
				}
			}
		})
	}
}

// TestMaskLeavesNumbersInsideHex puts a personal number at every place of a hexadecimal token of
// every length. The token has only letters beside the number. If the token has fewer than 16 or more
// than 128 characters, or if another letter makes it a word, the number is masked.
func TestMaskLeavesNumbersInsideHex(t *testing.T) {
	for length := 11; length <= 140; length++ {
		for at := 0; at+11 <= length; at++ {
			token := strings.Repeat("ab", length/2+1)[:at] + "01019012345" + strings.Repeat("cd", length)[:length-at-11]
			for _, around := range [][2]string{{"", ""}, {"/", "/"}, {"_", "-"}, {" ", "."}, {"0x", `"`}, {"%2F", "%2F"}, {`\u003d`, `\n`}, {"ø", "å"}} {
				in := around[0] + token + around[1]
				if got, want := privacy.Mask(in) != in, length < 16 || length > 128; got != want {
					t.Fatalf("%d characters, Mask(%q) = %q", length, in, privacy.Mask(in))
				}
			}
			for _, around := range [][2]string{{"fnr", ""}, {"", "x"}, {"z", "z"}} {
				if in := around[0] + token + around[1]; strings.Contains(privacy.Mask(in), "01019012345") {
					t.Fatalf("%d characters, Mask(%q) = %q", length, in, privacy.Mask(in))
				}
			}
		}
	}
}
