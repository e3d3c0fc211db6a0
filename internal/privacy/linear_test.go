package privacy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nais/spor/internal/privacy"
)

// TestTimeIsLinear checks that no text takes 10 seconds or more. Each text repeats a short text
// up to 1 MiB, or up to 256 KiB in short mode. If the time were quadratic, each text would take
// minutes.
func TestTimeIsLinear(t *testing.T) {
	size := 1 << 20
	if testing.Short() {
		size /= 4
	}
	for _, unit := range []string{
		"0", "1", "a", "f", "%", `\`, "%2", "%25", "25", "%31", "%20", `\u`, `\u0031`, `\\u0031`, "%3", `%\`, "%25%", "2%",
		"01019012345", "01019012345 ", "010190 ", "010190%20", "0101901234%35", "%2501019012345", "01019012345a", "abcde01019012345", "-",
		"aaaaaaaa-", `"token":`, `"token":[`, `"token":{"a"`, `"token":"`, `\"token\":\"`, "token:", "token:[", "Cookie: ", "eyJ", "eyJ.", "aaa.eyJhb", "Bearer ", "Bearer a", "Basic ", "Basic YT", ":",
		"=", "&", ";", "?", "/", "//", "#", "@", ";a", "a=;", "a=1;", "token=;", "token=a;", "token=a&", "//a:b", "//a@", "//a:b/@",
		"%2F", "%2F%2F", "%40", "%26", "%3D", "token%3D", "[", "token[", `"`, `\"`, "?=", "token=x ", "//a:b ",
	} {
		in := "@%=?" + strings.Repeat(unit, size/len(unit)) + `@=\`
		began := time.Now()
		privacy.Mask(in)
		privacy.Text(in)
		privacy.URL(in)
		privacy.Query(in)
		privacy.Line([]byte(in))
		if got, limit := time.Since(began), 10*time.Second; got > limit {
			t.Errorf("%q repeated took %v, want less than %v", unit, got, limit)
		}
	}
}
