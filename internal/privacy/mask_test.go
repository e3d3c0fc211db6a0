package privacy_test

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/nais/spor/internal/privacy"
)

const m = privacy.Masked

func TestMaskKnowsEveryKindOfNumber(t *testing.T) {
	for _, row := range []struct{ name, number string }{
		{"fødselsnummer", "01019012345"},
		{"last day", "31129912345"},
		{"29 February of any year", "29020112345"},
		{"2032, first control digit of the new kind", "30108299939"},
		{"D-number", "41019012345"},
		{"D-number, last day", "71129912345"},
		{"H-number or Nav's synthetic", "15507600333"},
		{"synthetic of Norsk helsenett", "15757612345"},
		{"synthetic of Skatteetaten", "10915596784"},
		{"NPID", "01219000000"},
		{"synthetic NPID", "01619000000"},
		{"D-number and H-number", "68467038838"},
		{"D-number, synthetic of Nav", "55507608360"},
		{"D-number, synthetic of Norsk helsenett", "55757612345"},
		{"D-number, synthetic of Skatteetaten", "50915596784"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got, want := privacy.Mask(row.number), m; got != want {
				t.Errorf("Mask(%q) = %q, want %q", row.number, got, want)
			}
		})
	}
}

func TestMaskKnowsPossibleDates(t *testing.T) {
	days := map[int]int{2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
	months := map[int]int{}
	for _, added := range []int{0, 20, 40, 60, 65, 80} {
		for month := 1; month <= 12; month++ {
			n, ok := days[month]
			if !ok {
				n = 31
			}
			months[month+added] = max(months[month+added], n)
		}
	}
	for day := range 100 {
		for month := range 100 {
			number := fmt.Sprintf("%02d%02d9012345", day, month)
			got := privacy.Mask(number) == m
			want := day >= 1 && day <= months[month] || day >= 41 && day <= 40+months[month]
			if got != want {
				t.Errorf("%s is masked: %v, want %v", number, got, want)
			}
		}
	}
}

func TestMask(t *testing.T) {
	for _, row := range []struct{ in, want string }{
		{"fnr 01019012345.", "fnr " + m + "."},
		{"fnr01019012345abc", "fnr" + m + "abc"},
		{"ø01019012345å", "ø" + m + "å"},
		{"01019012345 01019012345", m + " " + m},
		{"01019012345,41019012345", m + "," + m},
		{"12 010190 12345 67", "12 " + m + " 67"},

		// The space in the number is plain or encoded.
		{"010190 12345", m},
		{"010190+12345", m},
		{"010190\u00a012345", m},
		{"010190\u202f12345", m},
		{"010190%2012345", m},
		{"010190%252012345", m},
		{"010190%2B12345", m},
		{"010190%C2%A012345", m},
		{"010190%25c2%25a012345", m},
		{"010190%e2%80%af12345", m},
		{`010190\u002012345`, m},
		{`010190\u00a012345`, m},
		{`010190\u202F12345`, m},
		{`010190\\u002B12345`, m},
		{"010190%2001019012345", "010190%20" + m},

		// The digits of the number are encoded.
		{"%30%31%30%31%39%30%31%32%33%34%35", m},
		{"0%31019%3012%253345", m},
		{"%2530%252531019012345", m},
		{`\u00301019012345`, m},
		{`0101\u0039012\\u003345`, m},
		{`01019012\x3345`, m},
		{`01019012\U0000003345`, m},
		{"%30%31%30%31%39%30%20%31%32%33%34%35", m},
		{"%3010190%201234%35", m},

		// The text before the number looks like more digits of the number.
		{"%2001019012345", "%20" + m},
		{"%252001019012345", "%2520" + m},
		{"%2501019012345", "%25" + m},
		{"%2531010112345", "%25" + m},
		{"%2F01019012345%2F", "%2F" + m + "%2F"},
		{"%C3%A501019012345", "%C3%A5" + m},
		{`\u00e501019012345`, `\u00e5` + m},
		{`\u002201019012345\u0022`, `\u0022` + m + `\u0022`},
		{`\\u000a01019012345`, `\\u000a` + m},
		{`\x2001019012345`, `\x20` + m},
		{`\U0001F60001019012345`, `\U0001F600` + m},
		{`\n01019012345\n`, `\n` + m + `\n`},

		// The text before the number is not an escape.
		{"LIKE '%01019012345%'", "LIKE '%" + m + "%'"},
		{"LIKE '%22019012345%'", "LIKE '%" + m + "%'"},
		{"LIKE %60019012345%", "LIKE %" + m + "%"},
		{"%010190%2012345", "%" + m},
		{`DOMAIN\u01019012345`, `DOMAIN\u` + m},
		{"100 %01019012345 %3", "100 %" + m + " %3"},
		{`%\u00301019012345`, "%" + m},
		{"%%3001019012%345", "%%3001019012%345"},

		// The text around the number is not a token, because it has the wrong length or the
		// wrong letters.
		{"abcd01019012345", "abcd" + m},
		{"g00f0101019012345", "g00f0" + "101019012345"},
		{"01019012345abcdg", m + "abcdg"},
		{"z01019012345abcde", "z" + m + "abcde"},
		{"01019012345abcdez", m + "abcdez"},
		{"8d3f0a12-1b2c-4d5e-8f90-a01019012345b", "8d3f0a12-1b2c-4d5e-8f90-a" + m + "b"},
		{"8d3f0a1g-1b2c-4d5e-8f90-a01019012345", "8d3f0a1g-1b2c-4d5e-8f90-a" + m},
		{"8d3f0a12_1b2c-4d5e-8f90-a01019012345", "8d3f0a12_1b2c-4d5e-8f90-a" + m},
		{"010190123%345abcdefabcdefa", m + "abcdefabcdefa"},
		{"01019012345abcd,abcd01019012345", m + "abcd,abcd" + m},
		{"fnr01019012345", "fnr" + m},
		{"id:01019012345x", "id:" + m + "x"},
	} {
		if got := privacy.Mask(row.in); got != row.want {
			t.Errorf("Mask(%q) = %q, want %q", row.in, got, row.want)
		}
		if got, want := privacy.Found(row.in), row.in != row.want; got != want {
			t.Errorf("Found(%q) = %v, want %v", row.in, got, want)
		}
	}
}

// survivors are texts that contain digits but no personal number.
var survivors = []string{
	"", "1", "0101901234", "010190123456", "00019012345", "32019012345", "01139012345",
	"2026-01-02T15:04:05.123456789Z", "20260102150405", "1700000000", "1700000000123", "1700000000123456", "1700000000123456789",
	"NO9386011117947", "NO93 8601 1117 947", "SE4550000000058398257466", "DK5000400440116243", "DE89370400440532013000",
	"GB29NWBK60161331926819", "NL91ABNA0417164300", "BE68539007547034", "MT84MALT011000012345MTLCAST001S",
	"923609016", "923 609 016 MVA", "NO 923609016 MVA", "1234.56.78901", "+4791234567", "004791234567",
	"%20923609016", "Firma%20923609016", "%22923609016%22", "%28889640782%29", "%60123456789%60", "%2522923609016%2522", `\u0022923609016\u0022`,
	"1 234 567,89", "12345678.90", "10 000 000", "10000000000", "99999999999",
	"2010190 12345", "010190 123456", "010190  12345", "010190-12345", "010190\u201312345", "01.01.90 12345",
	"%3101019012345", `\u003101019012345`, "0101901234%35%36", "%30%31%30%31%39%30%31%32%33%34%35%36",
	"%30%31%30%31%30%31%31%32%33%34%35%36", `\u0030%31%30%31%30%31%31%32%33%34%35%36`,
	"%31%37%30%30%30%30%30%30%30%30%31%32%33", "100%", `C:\01`, "%", `\`, `\u`, "%2", "%25", `\\\`,
	"8d3f0a12-1b2c-4d5e-8f90-a01019012345", "8D3F0A12-1B2C-4D5E-8F90-A01019012345", "8d3f0a12-1b2c-4d5e-8f90-01019012345a",
	"urn:uuid:8d3f0a12-1b2c-4d5e-8f90-a01019012345", "%2F8d3f0a12-1b2c-4d5e-8f90-a01019012345%2F",
	"abcde01019012345", "01019012345abcde", "01019012345ABCDE", "span_id=01019012345abcde,", "0x01019012345abcde",
	"%2F01019012345abcde", "%252F01019012345abcde", `\u002f01019012345abcde`, `\n01019012345abcde`, `\t01019012345abcde\n`,
	"%2001019012345abcde", `\u002001019012345abcde`, `\b01019012345abcde`,
	"4bf92f3577b34da6a3ce01019012345a", "00-4bf92f3577b34da6a3ce01019012345a-01019012345abcde-01",
	"da39a3ee5e6b4b0d3255bfef9560189001019012345a"[4:],
	"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495901019012345",
	"abcdef01019012345", "01019012345abcdefabcdefa", "01019012345abcde01019012345", // longer than a span ID
	"66b2f01019012345abcdef12", "4bf92f3577b34da6a3ce01019012345a4bf92f3577b34da6", strings.Repeat("0a", 58) + "b01019012345",
	"4bf92f3577b34da6a3ceaaaaaa010190 12345", "010190 12345abcdefabcde", "8d3f0a12-1b2c-4d5e-8f90-aaaaaa010190 12345",
	"010190 12345aaa-1b2c-4d5e-8f90-aaaaaa010190", "4bf92f3577b34da6a3ceaaaaaa010190%2012345",
}

func TestMaskLeavesOtherDigits(t *testing.T) {
	for _, in := range survivors {
		got := privacy.Mask(in)
		if got != in {
			t.Errorf("Mask(%q) = %q", in, got)
		}
		if unsafe.StringData(got) != unsafe.StringData(in) {
			t.Errorf("Mask(%q) is a copy", in)
		}
		if privacy.Found(in) {
			t.Errorf("Found(%q) = true", in)
		}
	}
}

func TestMaskAtEveryPlace(t *testing.T) {
	numbers := []string{"01019012345", "010190 12345", "010190%2012345", "%3010190%3123%345", `\u0030101901234\u0035`}
	around := []string{"", " ", "x", "é", "/", "%2F", "%20", "%25", `\n`, `\"`, `\u00e6`, "-", "=", "ab", "%zz", `\`, "%"}
	for _, number := range numbers {
		for _, before := range append(around, "12 ", "1.2.", "12%20") {
			for _, after := range append(around, " 12", ".12", "%2F12", `\u002012`) {
				in, want := before+number+after, before+m+after
				if before == `\` && strings.HasPrefix(number, `\`) {
					want = m + after // the two backslashes in the text are one escaped backslash
				}
				if got := privacy.Mask(in); got != want {
					t.Errorf("Mask(%q) = %q, want %q", in, got, want)
				}
			}
		}
	}
	for length := range 100 {
		in := strings.Repeat("x", length) + "01019012345" + strings.Repeat("y", 100-length)
		if got := privacy.Mask(in); strings.Contains(got, "0") {
			t.Errorf("Mask(%q) = %q", in, got)
		}
	}
}

func TestMaskAllocatesNothing(t *testing.T) {
	for _, in := range append(survivors, attribute, statement, logLine) {
		if got := testing.AllocsPerRun(10, func() { privacy.Mask(in) }); got != 0 {
			t.Errorf("Mask(%q): %v allocations", in, got)
		}
		line := []byte(in)
		if got := testing.AllocsPerRun(10, func() { privacy.Line(line) }); got != 0 && !strings.ContainsAny(in, "%=") {
			t.Errorf("Line(%q): %v allocations", in, got)
		}
	}
	if got := testing.AllocsPerRun(10, func() { privacy.Mask(numbered) }); got != 1 {
		t.Errorf("Mask with a number: %v allocations, want 1", got)
	}
}
