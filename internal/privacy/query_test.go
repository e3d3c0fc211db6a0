package privacy_test

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/nais/spor/internal/privacy"
)

func TestURL(t *testing.T) {
	for _, row := range []struct{ in, want string }{
		{"https://h/p?q=1&token=abc&z=2", "https://h/p?q=1&token=REDACTED&z=2"},
		{"/p?token=1&token=2&&token=3", "/p?token=REDACTED&token=REDACTED&&token=REDACTED"},
		{"/p?token=abc==&x=1", "/p?token=REDACTED&x=1"},
		{"/p?a=1&amp;token=abc", "/p?a=1&amp;token=REDACTED"},
		{`/p?a=1\u0026token=abc\u0026b=2`, `/p?a=1\u0026token=REDACTED\u0026b=2`},

		// Unusual names.
		{"/p?acc%65ss_token=abc", "/p?acc%65ss_token=REDACTED"},
		{"/p?acc%2565ss_token=abc", "/p?acc%2565ss_token=REDACTED"},
		{"/p?Access-Token=abc&accessToken=abc&X-AMZ-SIGNATURE=abc", "/p?Access-Token=REDACTED&accessToken=REDACTED&X-AMZ-SIGNATURE=REDACTED"},
		{"/p?+token%20=abc&%00token=abc", "/p?+token%20=REDACTED&%00token=REDACTED"},
		{"/p?user[password]=x&token[]=x&token[0]=x&user%5Bpassword%5D=x", "/p?user[password]=REDACTED&token[]=REDACTED&token[0]=REDACTED&user%5Bpassword%5D=REDACTED"},
		{"/p?token%3Dabc", "/p?token%3DREDACTED"},
		{"/p?%zztoken=abc&%=token&%token=abc", "/p?%zztoken=abc&%=token&%token=REDACTED"},

		// Unusual separators.
		{"/p?a=1;token=abc;b=2", "/p?a=1;token=REDACTED;b=2"},
		{"/p?token=a;b&c=1", "/p?token=REDACTED&c=1"},
		{"/p?token=a;b;c=1", "/p?token=REDACTED;c=1"},
		{"/p?a=1?token=abc", "/p?a=1?token=REDACTED"},
		{"https://h/p#access_token=abc&state=1", "https://h/p#access_token=REDACTED&state=1"},
		{"https://h/p#/route?id_token=abc", "https://h/p#/route?id_token=REDACTED"},
		{"https://h/p;jsessionid=ABC/x?y=1", "https://h/p;jsessionid=REDACTED/x?y=1"},
		{"https://h/p;jsessionid=ABC?y=1", "https://h/p;jsessionid=REDACTED?y=1"},
		{"/token=abc/x?token=a/b?c", "/token=abc/x?token=REDACTED"},

		// The value of a parameter is a URL.
		{"/cb?u=https%3A%2F%2Fh%3Fsig%3Dab%26x%3D1&y=2", "/cb?u=https%3A%2F%2Fh%3Fsig%3DREDACTED%26x%3D1&y=2"},
		{"/cb?u=%252Fh%253Fsig%253Dab%2526x%253D1&y=2", "/cb?u=%252Fh%253Fsig%253DREDACTED%2526x%253D1&y=2"},
		{"/cb?u=https://h/?sig=ab&y=2", "/cb?u=https://h/?sig=REDACTED&y=2"},
		{"/p?token=a%26b&c=d", "/p?token=REDACTED&c=d"},

		// URLs with a user.
		{"https://u:p@h/p", "https://REDACTED:REDACTED@h/p"},
		{"https://u@h/p@x", "https://REDACTED:REDACTED@h/p@x"},
		{"//u:p@h:80", "//REDACTED:REDACTED@h:80"},
		{"https://u:p@p@h", "https://REDACTED:REDACTED@h"},
		{"https://u:p%40p@h", "https://REDACTED:REDACTED@h"},
		{"https://u%2Fx@h", "https://REDACTED:REDACTED@h"},
		{"https://u:p/x@h/p", "https://REDACTED:REDACTED@h/p"},
		{"https://u:p#x@h/p", "https://REDACTED:REDACTED@h/p"},
		{"https://u:p?x@h/p", "https://REDACTED:REDACTED@h/p"},
		{"/cb?u=https%3A%2F%2Fu%3Ap%40h%2Fx", "/cb?u=https%3A%2F%2FREDACTED:REDACTED%40h%2Fx"},
		{"postgres://u:p@h/db?password=x", "postgres://REDACTED:REDACTED@h/db?password=REDACTED"},
		{"/cb?u=https://u:p@h&v=//x:y@z", "/cb?u=https://REDACTED:REDACTED@h&v=//REDACTED:REDACTED@z"},

		// Long values of code and key. Short values of these parameters are not credentials.
		{"/p?code=0123456789abcdef&key=AIzaSyA0123456789", "/p?code=REDACTED&key=REDACTED"},
	} {
		if got := privacy.URL(row.in); got != row.want {
			t.Errorf("URL(%q) = %q, want %q", row.in, got, row.want)
		}
		if got := privacy.URL(row.want); got != row.want {
			t.Errorf("URL(%q) = %q, want it unchanged", row.want, got)
		}
	}
}

func TestURLLeavesTheRest(t *testing.T) {
	for _, in := range []string{
		"", "/", "?", "//", "https://", "https://h:8080/p?q=1&page=2#top", "https://h/@x?y=a@b", "https://[::1]:80/p?x=a@b",
		"mailto:a@b", "/a/%2Fb@c", "/cb?u=https%3A%2F%2Fh&v=a@b", "https://h:p/?x=%20", "https://REDACTED:REDACTED@h", "/p?token=REDACTED", "/p?token=&x=1", "/p?token", "/p?token&x=1", "/p?tokens=1&mytoken=2&token_type=Bearer",
		"/p?code=0301&key=name&code=NOT_FOUND", "/p?state=abc&nonce=def&expires_in=3600", "/token=abc", "/p?a=%", "/p?a=%2", "/p?%=1", `\`,
	} {
		got := privacy.URL(in)
		if got != in || unsafe.StringData(got) != unsafe.StringData(in) {
			t.Errorf("URL(%q) = %q, want the same string", in, got)
		}
		if got := testing.AllocsPerRun(10, func() { privacy.URL(in) }); got != 0 {
			t.Errorf("URL(%q): %v allocations", in, got)
		}
	}
}

func TestQuery(t *testing.T) {
	for _, row := range []struct{ in, want string }{
		{"token=abc&a=1", "token=REDACTED&a=1"},
		{"token=a/b?c&a=1", "token=REDACTED&a=1"},
		{"#access_token=abc", "#access_token=REDACTED"},
		{"a=1&grant_type=x&client_secret=abc", "a=1&grant_type=x&client_secret=REDACTED"},
		{"u=//a:b@c", "u=//a:b@c"},
	} {
		if got := privacy.Query(row.in); got != row.want {
			t.Errorf("Query(%q) = %q, want %q", row.in, got, row.want)
		}
	}
}

// TestQueryRedacts lists every parameter that must be redacted. The names are written as
// programs write them.
func TestQueryRedacts(t *testing.T) {
	for name := range strings.FieldsSeq(`
		X-Amz-Signature X-Amz-Credential X-Amz-Security-Token AWSAccessKeyId X-Goog-Signature X-Goog-Credential sig Signature
		token access_token id_token id_token_hint refresh_token logout_token subject_token actor_token device_code code_verifier
		client_secret client_assertion assertion jwt bearer authorization auth SAMLResponse SAMLart wresult ticket
		apikey api_key api-key X-API-Key access_key secret_key private_key subscription-key auth_token api_token bearer_token
		session_token csrf_token secret password passwd passphrase pwd pass credential credentials session sessionid jsessionid
		aws_secret_access_key secret_access_key`) {
		if got, want := privacy.Query(name+"=x"), name+"=REDACTED"; got != want {
			t.Errorf("Query(%q) = %q, want %q", name+"=x", got, want)
		}
	}
}

func TestText(t *testing.T) {
	for _, row := range []struct{ in, want string }{
		{
			`Get "https://u:p@h/p/01019012345?token=abc": dial tcp: 01019012345`,
			`Get "https://REDACTED:REDACTED@h/p/` + m + `?token=REDACTED": dial tcp: ` + m,
		},
		{"see https://h/?token=abc\nand /p?sig=x then", "see https://h/?token=REDACTED\nand /p?sig=REDACTED then"},
		{`{"u":"/p?token=a\u0026x=1","v":"token=abc"}`, `{"u":"/p?token=REDACTED\u0026x=1","v":"token=REDACTED"}`},
		{`"\"/p?token=abc\" \n/p?sig=x\n"`, `"\"/p?token=REDACTED\" \n/p?sig=REDACTED\n"`},
		{"u=https%3A%2F%2Fu%3Ap%40h%3Ftoken%3Dx y", "u=https%3A%2F%2FREDACTED:REDACTED%40h%3Ftoken%3DREDACTED y"},
		{"a=1 token=2 x@y.no 100%", "a=1 token=REDACTED x@y.no 100%"},

		// A query without a URL.
		{"token=a/b?c&a=1 api_key=x, sig=", "token=REDACTED&a=1 api_key=REDACTED sig="},
		{`{"q":"acc%65ss_token=a\u0026x=1","r":"token%3Dabc"}`, `{"q":"acc%65ss_token=REDACTED\u0026x=1","r":"token%3DREDACTED"}`},
		{"/token=abc a@b=c mytoken=abc a=//u:p@h", "/token=abc a@b=c mytoken=abc a=//REDACTED:REDACTED@h"},
	} {
		if got := privacy.Text(row.in); got != row.want {
			t.Errorf("Text(%q) = %q, want %q", row.in, got, row.want)
		}
		if got := string(privacy.Line([]byte(row.in))); got != row.want {
			if !strings.HasPrefix(row.in, "Get") { // not JSON: the last number is not in a string
				t.Errorf("Line(%q) = %q, want %q", row.in, got, row.want)
			}
		}
	}
}

func TestLine(t *testing.T) {
	for _, row := range []struct{ in, want string }{
		{
			`{"a":"01019012345","b":12019012345,"c":[0.12019012345,-12019012345],"d":"x\"12019012345\\","e":12019012345}`,
			`{"a":"***********","b":99999999999,"c":[0.12019012345,-99999999999],"d":"x\"***********\\","e":99999999999}`,
		},
		{`{"a":"010190 12345","b":"\u0030101901234\u0035","c":12019012345}`, `{"a":"***********","b":"***********","c":99999999999}`},
		{`"\u01019012345 01019012345"`, `"\u01019012345 ***********"`},
		{`"\\u01019012345"`, `"\\u***********"`},
		{`{"u":"/p?token=a","n":12019012345}`, `{"u":"/p?token=REDACTED","n":99999999999}`},
	} {
		line := []byte(row.in)
		if got := string(privacy.Line(line)); got != row.want {
			t.Errorf("Line(%s)\ngot  %s\nwant %s", row.in, got, row.want)
		}
	}
}
