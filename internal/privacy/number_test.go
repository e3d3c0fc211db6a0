package privacy_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nais/spor/internal/privacy"
)

// TestNumberAgreesWithText compares Number and Float with Mask, for every day and every month.
// A personal number that begins with a zero becomes a number with ten digits.
func TestNumberAgreesWithText(t *testing.T) {
	for prefix := range int64(10_000) {
		for _, rest := range []int64{0, 12345, 9012345, 9_999_999} {
			n := prefix*10_000_000 + rest
			text := fmt.Sprintf("%011d", n)
			day, month := prefix/100, prefix%100
			want := privacy.Mask(text) != text && n >= 1e9 && (day >= 10 || month <= 12)
			if privacy.Number(n) != want || privacy.Number(-n) != want || privacy.Float(float64(n)) != want || privacy.Float(float64(n)+0.5) {
				t.Fatalf("%s: got Number %v, Float %v and %v, want %v", text, privacy.Number(n), privacy.Float(float64(n)), privacy.Float(float64(n)+0.5), want)
			}
		}
	}
	for _, n := range []int64{0, -1, 1 << 62, -1 << 63, 501901234, 501901234500, privacy.MaskedNumber} {
		if privacy.Number(n) {
			t.Errorf("Number(%d) = true", n)
		}
	}
}

// TestEpochsSurvive checks that Unix times are not masked. It tests seconds, milliseconds,
// microseconds and nanoseconds, from 2006 to 10 September 2033, in steps of about one hour. The
// rule reads only the first digits of a number. So the test also checks the first and the last
// time of each group of times with the same first three digits.
func TestEpochsSurvive(t *testing.T) {
	begin, end := time.Date(2006, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(2_010_000_000, 0)
	check := func(second int64) {
		for name, n := range map[string]int64{"s": second, "ms": second*1e3 + 123, "µs": second*1e6 + 123456, "ns": second*1e9 + 123456789} {
			if privacy.Number(n) {
				t.Fatalf("%d %s is masked", n, name)
			}
		}
		if privacy.Float(float64(second)) || privacy.Float(float64(second)+0.25) {
			t.Fatalf("%d as a float is masked", second)
		}
	}
	for second := begin.Unix(); second < end.Unix(); second += 3607 {
		check(second)
	}
	for first := begin.Unix() / 1e7; first <= end.Unix()/1e7; first++ {
		for _, rest := range []int64{0, 1, 5_019_019, 9_999_999} {
			if second := first*1e7 + rest; second >= begin.Unix() && second < end.Unix() {
				check(second)
			}
		}
	}
	line := fmt.Sprintf(`{"s":%d,"ms":%d,"us":%d,"ns":%d,"f":%d.123456,"d":59.12121212345,"e":0.01019012345}`,
		begin.Unix(), begin.UnixMilli(), begin.UnixMicro(), begin.UnixNano(), begin.Unix())
	if got := string(privacy.Line([]byte(line))); got != line {
		t.Errorf("Line(%s) = %s", line, got)
	}
}

func TestLineMasksShortNumbers(t *testing.T) {
	for _, row := range []struct{ in, want string }{
		{`5019012345`, `9999999999`},
		{`-5019012345`, `-9999999999`},
		{`[5019012345,1,31129912345,5019012345]`, `[9999999999,1,99999999999,9999999999]`},
		{`{"5019012345":1,"x":{"31129912345":5019012345}}`, `{"**********":1,"x":{"***********":9999999999}}`},
		{`[5019012345.0,31129912345.00,5019012345.5]`, `[9999999999.0,99999999999.00,5019012345.5]`},
		{`[5.019012345e9,5.019012345E+09,3.1129912345e10,5019012345e0,501901234500e-2]`, `[99999999999,99999999999,99999999999,99999999999,99999999999]`},
		{`[1.5e-7,1.234567e8,5019012345e5,1e400]`, `[1.5e-7,1.234567e8,5019012345e5,1e400]`},
		{`[0.5019012345,59.12121212345,0.01019012345,1.2345678901]`, `[0.5019012345,59.12121212345,0.01019012345,1.2345678901]`},
		{`[5139012345,9999999999,4129912345,1234567890,2147483647]`, `[5139012345,9999999999,9999999999,1234567890,2147483647]`},
		{`{"messaging.kafka.offset":5019012345,"http.request.body.size":31129912345,"size":5019012345}`, `{"messaging.kafka.offset":5019012345,"http.request.body.size":31129912345,"size":9999999999}`},
		// Ten digits are not masked if they are in a string that is a value.
		{`{"n":"5019012345","m":"of 5019012345","j":"{\"n\":5019012345,\"5019012345\":1}","e":"5.019012345e9"}`, `{"n":"5019012345","m":"of 5019012345","j":"{\"n\":5019012345,\"5019012345\":1}","e":"5.019012345e9"}`},
	} {
		got := string(privacy.Line([]byte(row.in)))
		if got != row.want || !json.Valid([]byte(got)) {
			t.Errorf("Line(%s)\ngot  %s\nwant %s", row.in, got, row.want)
		}
	}
}

// TestFractionsSurvive checks that digits after a decimal point are not masked. It also checks
// that a personal number after any other point is masked.
func TestFractionsSurvive(t *testing.T) {
	for _, in := range []string{"59.12121212345", "0.01019012345", "took 1.01019012345 s", "-0.01019012345", "12:30:59.01019012345", "(1234567890.01019012345)"} {
		if got := privacy.Text(in); got != in {
			t.Errorf("Text(%q) = %q", in, got)
		}
	}
	line := `[59.12121212345,-59.12121212345,0.01019012345,-0.01019012345,5.01019012345e-7,-5.01019012345E+20,31129912345.5,-5019012345.25,1e-01]`
	if got := string(privacy.Line([]byte(line))); got != line {
		t.Errorf("Line(%s) = %s", line, got)
	}
	for _, f := range []float64{59.12121212345, -0.01019012345, 5.01019012345e-7, 31129912345.5, -5019012345.25, 5.019012345e-9} {
		if privacy.Float(f) {
			t.Errorf("Float(%v) = true", f)
		}
	}
	for _, in := range []string{"fnr.01019012345", "1.2.01019012345", "v1.01019012345", "01019012345.01019012345", ".01019012345", "01019012345.5", "nr. 01019012345.", "%30.01019012345"} {
		if got := privacy.Text(in); strings.Contains(got, "01019012345") {
			t.Errorf("Text(%q) = %q", in, got)
		}
	}
}

func TestKeyAndCounts(t *testing.T) {
	for key, want := range map[string]string{"5019012345": "***********", "05019012345": "***********", "1700000000": "1700000000", "n": "n", "5019012345 ": "5019012345 "} {
		if got := privacy.Key(key); got != want {
			t.Errorf("Key(%q) = %q, want %q", key, got, want)
		}
	}
	for name, want := range map[string]bool{"messaging.kafka.offset": true, "http.response.body.size": true, "offset": false, "fnr": false} {
		if got := privacy.Counts(name); got != want {
			t.Errorf("Counts(%q) = %v, want %v", name, got, want)
		}
	}
}

func FuzzNumbers(f *testing.F) {
	f.Add(int64(5019012345), "n", 1.5)
	f.Add(int64(31129912345), "5019012345", 5019012345.0)
	f.Fuzz(func(t *testing.T, n int64, text string, x float64) {
		line, err := json.Marshal(map[string]any{"n": n, "list": []any{text, n, x}, strconv.FormatInt(n, 10): text})
		if err != nil {
			t.Skip("JSON has no NaN and no infinity")
		}
		got := privacy.Line([]byte(string(line)))
		var o struct {
			N    json.Number
			List []any
		}
		if err := json.Unmarshal(got, &o); err != nil || len(o.List) != 3 {
			t.Fatalf("Line(%s) = %s: %v", line, got, err)
		}
		if masked := o.N.String() != strconv.FormatInt(n, 10); masked != privacy.Number(n) {
			t.Errorf("Line(%s) = %s", line, got)
		}
		if again := string(privacy.Line([]byte(string(got)))); again != string(got) {
			t.Errorf("Line(%s) = %s, and a second time %s", line, got, again)
		}
	})
}
