package privacy_test

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/nais/spor/internal/privacy"
)

const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJlLW9mLWl0"

// TestDocumentedNamesAreTheCodes checks that docs/privacy.md lists the same names as the code.
func TestDocumentedNamesAreTheCodes(t *testing.T) {
	page, err := os.ReadFile("../../docs/privacy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(page), "## Names of credentials\n")
	section, _, _ := strings.Cut(after, "\n## ")
	var got []string
	for _, quoted := range regexp.MustCompile("(?m)^- `.*$").FindAllString(section, -1) {
		for _, name := range regexp.MustCompile("`([a-z]+)`").FindAllStringSubmatch(quoted, -1) {
			got = append(got, name[1])
		}
	}
	want := slices.Sorted(slices.Values(privacy.SecretNames()))
	slices.Sort(got)
	if !found || !slices.Equal(got, want) {
		t.Errorf("docs/privacy.md lists\n%q, the code lists\n%q", got, want)
	}
}

func TestIsSecret(t *testing.T) {
	for _, base := range privacy.SecretNames() {
		for _, name := range []string{
			base, strings.ToUpper(base), strings.ToUpper(base[:1]) + base[1:], "x_" + base, "X-" + base, "a.b." + base,
			"user[" + base + "]", base + "2", base + "[0]", "http.request.header." + base, base[:1] + "-" + base[1:],
		} {
			if !privacy.IsSecret(name) {
				t.Errorf("IsSecret(%q) = false", name)
			}
		}
	}
	for _, name := range []string{
		"", "t", "tokens", "tokens_used", "token_type", "token_count", "input_tokens", "gen_ai.usage.output_tokens", "token_endpoint",
		"secret_name", "k8s.secret.name", "password_changed_at", "has_password_expired", "authorization_url", "authorized", "cookie_name",
		"key", "message.key", "session.id", "code", "http.response.status_code", "auth", "ticket", "signature", "duration", "name",
		"messaging.kafka.message.offset", "3", "[]", "credentials_provider", "passed", "access_keys", "tok", "okens",
	} {
		if privacy.IsSecret(name) {
			t.Errorf("IsSecret(%q) = true", name)
		}
	}
}

func TestNewNames(t *testing.T) {
	names, err := privacy.NewNames([]string{"Session_Key", "", "pin-kode2", "nøkkel", "øy", "a:b", "x", "3 4"})
	if err == nil || strings.Count(err.Error(), "is not a name") != 4 {
		t.Errorf("got the error %v, want four names in it", err)
	}
	for name, want := range map[string]bool{
		"token": true, "sessionKey": true, "x.session-key3": true, "PINKODE": true, "NØKKEL": true, "øy": true, "krypteringsnøkkel": true,
		"session": false, "key": false, "pin": false, "nkkel": false, "nøkkelen": false, "x": false, "": false, "y": false,
	} {
		if got := names.IsSecret(name); got != want {
			t.Errorf("IsSecret(%q) = %v, want %v", name, got, want)
		}
		if got := names.Text(name + "=hunter2"); want && name != "token" && name != "øy" && got != name+"=REDACTED" {
			t.Errorf("Text(%s=hunter2) = %q", name, got)
		}
	}
	if got := names.Text("https://h/?3=hunter2&y=hunter2&=hunter2"); strings.Contains(got, "REDACTED") {
		t.Errorf("got %q", got)
	}
	if privacy.IsSecret("session_key") {
		t.Error("NewNames changes the standard names")
	}
	if got, err := privacy.NewNames(nil); got != privacy.Standard() || err != nil {
		t.Errorf("no names: got %v, %v, want the standard names", got, err)
	}
}

func TestTextRedactsForms(t *testing.T) {
	for _, row := range []struct{ in, want string }{
		{jwt, "REDACTED"},
		{"got " + jwt + ", and", "got REDACTED, and"},
		{"/cb/" + jwt + "/x", "/cb/REDACTED/x"},
		{"x=%22" + jwt + "%22", "x=%22REDACTED%22"},
		{jwt[:40], "REDACTED"}, // the token is cut off in its body
		{"eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "REDACTED"},
		{"eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aXY.Y3Q.dGFn", "REDACTED"},
		{"eyJhbGciOiJIUzI1NiJ9", "eyJhbGciOiJIUzI1NiJ9"}, // the token has only a header
		{"heyJude.and.others", "heyJude.and.others"},

		{"Authorization: Bearer " + jwt, "Authorization: REDACTED"},
		{"Bearer " + jwt, "Bearer REDACTED"},
		{"bearer abc-def-ghi-jkl-mno next", "bearer REDACTED next"},
		{"BEARER abc123", "BEARER REDACTED"},
		{"Bearer%20abc123&a=1", "Bearer%20REDACTED&a=1"},
		{"Bearer dG9rZW4tMTIz=", "Bearer REDACTED"},
		{`"Bearer dG9rZW4tMTIz=="`, `"Bearer REDACTED"`},
		{`Bearer realm="api", error="invalid_token"`, `Bearer realm="api", error="invalid_token"`},
		{`Bearer authorization_uri="https://h/"`, `Bearer authorization_uri="https://h/"`},
		{"Bearer error=invalid_token_of_user", "Bearer error=invalid_token_of_user"},
		{"the bearer token is missing", "the bearer token is missing"},
		{"bearer authentication failed", "bearer authentication failed"},
		{"Bearer", "Bearer"},
		{"Bearer ", "Bearer "},
		{"earer abc123456", "earer abc123456"},

		{"Basic dXNlcjpodW50ZXIy", "Basic REDACTED"},
		{"basic dXNlcjpodW50ZXI=", "basic REDACTED"},
		{"BASIC YTpi x", "BASIC REDACTED x"},
		{"Basic authentication is required", "Basic authentication is required"},
		{"basic internationalization and instrumentation", "basic internationalization and instrumentation"},
		{`Basic realm="x"`, `Basic realm="x"`},
	} {
		checkSecret(t, row.in, row.want)
	}
}

func TestTextRedactsNamedValues(t *testing.T) {
	for _, row := range []struct{ in, want string }{
		{`{"access_token":"hunter2"}`, `{"access_token":"REDACTED"}`},
		{`got {"access_token" : "hunter2", "token_type": "Bearer", "expires_in":3600}`, `got {"access_token" : "REDACTED", "token_type": "Bearer", "expires_in":3600}`},
		{"{\n  \"password\": \"a\\\"b\\\\\",\n  \"x\": \"y\"\n}", "{\n  \"password\": \"REDACTED\",\n  \"x\": \"y\"\n}"},
		{`{"token":1234,"secret":true,"password":null,"jwt":""}`, `{"token":1234,"secret":true,"password":null,"jwt":""}`},
		{`{"Cookie":["a=b","c=d"],"x":"y"}`, `{"Cookie":["REDACTED","REDACTED"],"x":"y"}`},
		{`{"token":{"type":"x","n":1,"list":["y",{"z":"w"}]},"x":"y"}`, `{"token":{"type":"REDACTED","n":1,"list":["REDACTED",{"z":"REDACTED"}]},"x":"y"}`},
		{`{"access_token":"cut of`, `{"access_token":"REDACTED`},
		{`{"tokens":["cut`, `{"tokens":["cut`},

		{`{Token:"hunter2" Name:"x"}`, `{Token:"REDACTED" Name:"x"}`},
		{`{Token:hunter2 Name:x Password:p@ss}`, `{Token:REDACTED Name:x Password:REDACTED}`},
		{`map[Authorization:[Digest abc] Cookie:[a=b; c=d] Accept:[*/*]]`, `map[Authorization:[REDACTED] Cookie:[REDACTED] Accept:[*/*]]`},
		{`{Token: Secret:<nil> Password:1234 Jwt:false}`, `{Token: Secret:<nil> Password:1234 Jwt:false}`},
		{"GET / HTTP/1.1\r\nHost: h\r\nCookie: sid=hunter2; b=c\r\nProxy-Authorization: Digest abc\r\nX: y", "GET / HTTP/1.1\r\nHost: h\r\nCookie: REDACTED\r\nProxy-Authorization: REDACTED\r\nX: y"},
		{`password: "hunter2"`, `password: "REDACTED"`},
		{"invalid token: it has expired", "invalid token: it has expired"},
		{"named cookie: not present", "named cookie: not present"},
		{"SELECT token::text, secret::uuid FROM t", "SELECT token::text, secret::uuid FROM t"},
		{"tokens_used:5 token_type:x at token.go:12", "tokens_used:5 token_type:x at token.go:12"},
		{"12:30:59 http://h:80/ a:b :", "12:30:59 http://h:80/ a:b :"},
	} {
		checkSecret(t, row.in, row.want)
	}
}

// checkSecret checks that Text returns want for the text in. Then it checks Line in the same
// way, with one, two and three levels of JSON around both texts.
func checkSecret(t *testing.T, in, want string) {
	t.Helper()
	got := privacy.Text(in)
	if got != want {
		t.Errorf("Text(%q) = %q, want %q", in, got, want)
	}
	if in == want && unsafe.StringData(got) != unsafe.StringData(in) {
		t.Errorf("Text(%q) is a copy", in)
	}
	for range 3 {
		in, want = quotedInJSON(t, in), quotedInJSON(t, want)
		if got := string(privacy.Line([]byte(in))); got != want {
			t.Errorf("Line(%s)\ngot  %s\nwant %s", in, got, want)
		}
	}
}

func quotedInJSON(t *testing.T, s string) string {
	t.Helper()
	text, err := json.Marshal(map[string]string{"m": s})
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(text))
}

func TestLineRedactsFieldsOfCredentials(t *testing.T) {
	line, err := json.Marshal(map[string]any{
		"token": "hunter2", "user": map[string]any{"clientSecret": "hunter2", "name": "x"}, "password": 1, "tokens_used": 5,
		"headers": http.Header{"Authorization": {"Bearer " + jwt}, "Cookie": {"sid=hunter2"}, "X-Api-Key": {"hunter2"}, "Accept": {"*/*"}},
		"oauth":   struct{ AccessToken, TokenType string }{"hunter2", "Bearer"}, "message": "token:", "next": "x", "secret": []any{"hunter2", 5},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := string(privacy.Line(line))
	want := `{"headers":{"Accept":["*/*"],"Authorization":["REDACTED"],"Cookie":["REDACTED"],"X-Api-Key":["REDACTED"]},` +
		`"message":"token:","next":"x","oauth":{"AccessToken":"REDACTED","TokenType":"Bearer"},"password":1,"secret":["REDACTED",5],` +
		`"token":"REDACTED","tokens_used":5,"user":{"clientSecret":"REDACTED","name":"x"}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func FuzzSecrets(f *testing.F) {
	f.Add(`{"token":"`, `"}`, `\"`)
	f.Add(`token:[`, `]`, `x: "`)
	f.Add(`\"token\":`, `{`, `Cookie: a=`)
	f.Fuzz(func(t *testing.T, before, after, other string) {
		line, err := json.Marshal(map[string]any{"a": before + other, "token": before + "hunter2" + after, "z": []any{other + `"password":"hunter2"` + after, before}})
		if err != nil {
			t.Fatal(err)
		}
		got := string(privacy.Line([]byte(string(line))))
		var o struct {
			A, Token string
			Z        []string
		}
		if err := json.Unmarshal([]byte(got), &o); err != nil || len(o.Z) != 2 {
			t.Fatalf("Line(%s) = %s: %v", line, got, err)
		}
		if o.Token != privacy.Redacted {
			t.Errorf("Line(%s) = %s: the field is not redacted", line, got)
		}
		if again := string(privacy.Line([]byte(got))); again != got {
			t.Errorf("Line(%s) = %s, and a second time %s", line, got, again)
		}
		if text := privacy.Text(before + " " + `{"password":"hunter2"}` + after); strings.Contains(text, `"password":"hunter2"`) {
			t.Errorf("Text = %q: the password is not redacted", text)
		}
	})
}
