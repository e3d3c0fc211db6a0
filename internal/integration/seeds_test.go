//go:build integration

package integration

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
)

// seeds makes personal numbers and credentials that must not be exported.
type seeds struct {
	random  *rand.Rand
	numbers map[string]bool
}

func newSeeds() *seeds {
	return &seeds{random: rand.New(rand.NewPCG(1, 2)), numbers: map[string]bool{}}
}

// number returns a new personal number: a fødselsnummer, a D-number, or a number of another
// kind. In the other kinds, a constant is added to the day or the month.
func (s *seeds) number() string {
	for {
		day := 1 + s.random.IntN(28) + 40*s.random.IntN(2)
		month := 1 + s.random.IntN(12) + []int{0, 0, 0, 20, 40, 60, 65, 80}[s.random.IntN(8)]
		number := fmt.Sprintf("%02d%02d%02d%05d", day, month, s.random.IntN(100), s.random.IntN(100_000))
		if !s.numbers[number] {
			s.numbers[number] = true
			return number
		}
	}
}

// secret is a part of every credential.
const secret = "hunter2"

func (s *seeds) credential() string { return secret + strconv.FormatUint(s.random.Uint64()|1<<63, 36) }

// inPath lists the forms that a personal number can have in a path.
var inPath = []func(number string) string{
	func(n string) string { return n },
	func(n string) string { return n[:6] + "%20" + n[6:] },
	func(n string) string { return percent(n[:1]) + n[1:] },
	percent,
	func(n string) string { return strings.ReplaceAll(percent(n), "%", "%25") },
	func(n string) string { return n[:6] + "%C2%A0" + n[6:] },
	func(n string) string { return n + ";v=1" },
}

// inQuery lists the forms that a personal number can have in a query.
var inQuery = append(inPath, func(n string) string { return n[:6] + "+" + n[6:] })

// inJSON lists the forms that a personal number can have in a JSON string.
var inJSON = []func(number string) string{
	func(n string) string { return n },
	func(n string) string { return n[:6] + " " + n[6:] },
	func(n string) string { return fmt.Sprintf(`\u%04x`, n[0]) + n[1:] },
	func(n string) string { return n[:6] + `\u00a0` + n[6:] },
}

func percent(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// withCredential lists queries. Each of them contains a credential and a personal number.
var withCredential = []func(credential, number string) string{
	func(c, n string) string { return "access_token=" + c + "&fnr=" + n },
	func(c, n string) string { return "fnr=" + n + "&X-Api-Key=" + c },
	func(c, n string) string { return "a=1;client_secret=" + c + ";fnr=" + n },
	func(c, n string) string {
		return "redirect=https%3A%2F%2Fu%3A" + c + "%40h%2F%3Ftoken%3D" + c + "%26fnr%3D" + n
	},
	func(c, n string) string { return "acc%65ss_token=" + c + "&user[password]=" + c + "&fnr=" + n },
	func(c, n string) string { return "code=" + c + "&state=" + n },
}

var (
	percentEscape = regexp.MustCompile(`%[0-9a-fA-F]{2}`)
	jsonEscape    = regexp.MustCompile(`\\+(?:u00|U000000|x)[0-9a-fA-F]{2}`)
	numberForm    = regexp.MustCompile(`^[0-9]{6}[ +]?[0-9]{5}`)
	basicSecret   = base64.StdEncoding.EncodeToString([]byte("user:" + secret))[:12]
)

// leaks returns the parts of text that contain seeds. It also finds seeds that were encoded
// several times. It does not use spor's own code for finding personal numbers.
func (s *seeds) leaks(text []byte) []string {
	var found []string
	text = bytes.ReplaceAll(text, []byte("\u00a0"), []byte(" "))
	for range 4 {
		found = append(found, s.plainLeaks(text)...)
		decoded := percentEscape.ReplaceAllFunc(text, lastByte)
		decoded = jsonEscape.ReplaceAllFunc(decoded, lastByte)
		if bytes.Equal(decoded, text) {
			break
		}
		text = decoded
	}
	return found
}

// lastByte returns the byte that the last two hex digits of escape describe. If escape is a
// part of U+00A0, the result is a space or nothing.
func lastByte(escape []byte) []byte {
	n, err := strconv.ParseUint(string(escape[len(escape)-2:]), 16, 8)
	switch {
	case err != nil:
		return escape
	case n == 0xC2:
		return nil
	case n == 0xA0:
		return []byte{' '}
	}
	return []byte{byte(n)}
}

func (s *seeds) plainLeaks(text []byte) []string {
	var found []string
	for _, marker := range []string{secret, basicSecret} {
		for at := 0; ; at += len(marker) {
			i := bytes.Index(text[at:], []byte(marker))
			if i < 0 {
				break
			}
			at += i
			found = append(found, around(text, at))
		}
	}
	digits := 0
	for i, c := range text {
		if digits++; c < '0' || '9' < c {
			digits = 0
		}
		if digits < 6 { // this check is faster than the regular expression below, and skips most texts
			continue
		}
		form := numberForm.Find(text[i-5 : min(i+7, len(text))])
		if form != nil && s.numbers[string(form[:6])+string(form[len(form)-5:])] {
			found = append(found, around(text, i))
		}
	}
	return found
}

func around(text []byte, at int) string {
	return strings.ToValidUTF8(string(text[max(0, at-100):min(at+60, len(text))]), ".")
}
