package setup_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/nais/spor/internal/privacy"
)

// A sample is a personal number or a credential in one form, for one column of the table of places
// in docs/privacy.md.
type sample struct {
	form   string
	column string // text, key, number or name
	name   string // the name of the text, if the column is name
	in     any    // a string, an int64 or a float64
	masked string // the text that is written instead of in, if the place and the form are masked
	secret string // the part that must not be written then
	isSafe bool   // the form is not masked, according to the page
}

func (s sample) text() string {
	switch in := s.in.(type) {
	case int64:
		return strconv.FormatInt(in, 10)
	case float64:
		return strconv.FormatFloat(in, 'f', -1, 64)
	}
	return fmt.Sprint(s.in)
}

// kindsOfNumbers contains one personal number for each of the twelve kinds, and another one for the
// kinds that can begin with a zero.
func kindsOfNumbers() (numbers []string) {
	for _, month := range []int{0, 20, 40, 60, 65, 80} {
		numbers = append(numbers, fmt.Sprintf("05%02d9012345", month+1), fmt.Sprintf("31%02d9912345", month+12), fmt.Sprintf("68%02d0012345", month+2))
	}
	return numbers
}

// A form returns texts, and the number n in this form. Each at sign in a text stands for the
// number. If there are several encoded numbers, each text is used with each of them.
type form func(n string) (texts, encoded []string)

// as returns a function that returns texts and its arguments.
func as(texts ...string) func(...string) ([]string, []string) {
	return func(encoded ...string) ([]string, []string) { return texts, encoded }
}

func everyChar(format string) func(string) string {
	return func(text string) (encoded string) {
		for _, c := range []byte(text) {
			encoded += fmt.Sprintf(format, c)
		}
		return encoded
	}
}

// numberForms are the forms of the first table.
var numberForms = map[string]form{
	"eleven digits":           func(n string) ([]string, []string) { return as("@", "a @ z", "/@/", "x=@&y=1", "æ@å")(n) },
	"eleven digits, negative": func(n string) ([]string, []string) { return as("-@", "a -@")(n) },
	"eleven digits in a word": func(n string) ([]string, []string) { return as("fnr@", "id:@x", "x@", "@ø", "abc@a")(n) },
	"ten digits: the leading zero is lost, and the month is 01 to 12": func(n string) ([]string, []string) {
		return as("@")(short(n, "0509"))
	},
	"ten digits: the leading zero is lost, and the month is higher": func(n string) ([]string, []string) {
		if strings.HasPrefix(n, "0501") {
			return nil, nil
		}
		return as("@")(short(n, "05"))
	},
	"ten digits in a longer text": func(n string) ([]string, []string) {
		return as("fnr @", `{"fnr":@}`)(short(n, "05"))
	},
	"a space (blank, `+`, U+00A0, U+202F) after six digits": func(n string) ([]string, []string) {
		return as("@", "a @ z")(n[:6]+" "+n[6:], n[:6]+"+"+n[6:], n[:6]+"\u00a0"+n[6:], n[:6]+"\u202f"+n[6:])
	},
	"percent-encoded, up to five times": func(n string) ([]string, []string) {
		spaced := n[:6] + " " + n[6:]
		return as("@", "/a/@?x=1")(everyChar("%%%02X")(n), everyChar("%%25252525%02x")(n), everyChar("%%25%02x")(spaced), n[:6]+"%20"+n[6:], n[:6]+"%C2%A0"+n[6:], n[:10]+"%3"+n[10:])
	},
	"escaped as in JSON or by Go": func(n string) ([]string, []string) {
		return as("@", "a @ z")(everyChar(`\u%04x`)(n), everyChar(`\\u%04X`)(n), everyChar(`\x%02x`)(n), everyChar(`\U%08x`)(n), n[:6]+`\u0020`+n[6:], n[:10]+`\u003`+n[10:])
	},
	"in a URL": func(n string) ([]string, []string) {
		return as("https://h/@", "https://h/x?id=@&y=@#@", "https://h/x?u=https%3A%2F%2Fh%2F@")(n)
	},
	"in JSON inside a text": func(n string) ([]string, []string) {
		return as(`{"fnr":"@"}`, `{"fnr":@}`, `{"@":1}`, `[{"a":"{\"fnr\":\"@\"}"}]`, "{\n\t\"fnr\": \"@\"\n}")(n)
	},
	"before a decimal point": func(n string) ([]string, []string) { return as("@.5")(n) },
	"after a decimal point":  func(n string) ([]string, []string) { return as("0.@", "-59.@", "a 1.@ z")(n) },
	"in a UUID, or in a hexadecimal token of 16 to 128 characters": func(n string) ([]string, []string) {
		return as("8d3f0a12-1b2c-4d5e-8f90-a@", "abcde@", "4bf92f35aa@cf", "/"+strings.Repeat("4bf92f3a", 14)+"@fedc4")(n)
	},
	"beside other digits": func(n string) ([]string, []string) { return as("1@", "@6")(n) },
	"other separators": func(n string) ([]string, []string) {
		return as("@")(n[:6]+"-"+n[6:], n[:2]+"."+n[2:4]+"."+n[4:6]+" "+n[6:], n[:6]+"  "+n[6:])
	},
	"other digits than 0 to 9": func(n string) ([]string, []string) {
		return as("@")(strings.Map(func(r rune) rune { return r - '0' + '０' }, n))
	},
	"with an exponent": func(n string) ([]string, []string) { return as("@")(n[:1] + "." + n[1:10] + "e10") },
	"in base64":        func(n string) ([]string, []string) { return as("@")(base64.StdEncoding.EncodeToString([]byte(n))) },
	"as words, or as the date of birth alone": func(n string) ([]string, []string) { return as("born 1 January 1970", "@")(n[:6]) },
}

// short returns n without its leading zero, if n begins with prefix.
func short(n, prefix string) string {
	if strings.HasPrefix(n, prefix[:2]) && (len(prefix) < 4 || n[2:4] == "01") {
		return n[1:]
	}
	return ""
}

// numbers returns the values of a numeric type for a form of the first table.
func (f form) numbers(name, n string) []any {
	value, _ := strconv.ParseInt(n, 10, 64)
	switch name {
	case "eleven digits, negative":
		if n[0] == '0' {
			return nil
		}
		return []any{-value}
	case "before a decimal point":
		return []any{float64(value) + 0.5}
	case "after a decimal point":
		fraction, _ := strconv.ParseFloat("59."+n, 64)
		return []any{fraction, -fraction}
	case "beside other digits":
		return []any{value + 5e11}
	case "eleven digits":
		if n[0] == '0' { // as a number, it has ten digits
			return nil
		}
		return []any{value}
	}
	_, encoded := f(n)
	if encoded == nil || encoded[0] == "" {
		return nil
	}
	return []any{value}
}

// credentialForms are the forms of the second table. In each text, the credential is hunter2.
var credentialForms = map[string][]string{
	"a value in JSON with a name of the [list](#names-of-credentials), also in JSON inside JSON": {
		`{"access_token":"hunter2"}`, `got {"a":[{"Client-Secret" : "hunter2"}]}`, `{"a":"{\"password\":\"hunter2\"}"}`, `{"Cookie":["hunter2"]}`, `{"token":{"x":"hunter2"}}`,
	},
	"a value with such a name that Go has printed": {`{Token:hunter2}`, `{Token:hunter2 Name:x}`, `{Token:"hunter2"}`, `map[Authorization:[hunter2]]`, `&{A:{Password:hunter2} B:1}`},
	"a header Cookie or Authorization":             {"Cookie: sid=hunter2", "Set-Cookie: sid=hunter2; Path=/", "Proxy-Authorization: hunter2", "GET / HTTP/1.1\r\nAuthorization: Digest hunter2\r\nX: y"},
	"a parameter for credentials, in a URL or alone": {
		"https://h/?access_token=hunter2", "/cb?a=1&sig=hunter2#x", "https://h/?u=https%3A%2F%2Fh%2F%3Ftoken%3Dhunter2", "password=hunter2", "grant_type=x&client_secret=hunter2",
	},
	"the user and the password of a URL":                  {"https://u:hunter2@h/", "postgres://hunter2@h/db", "dial amqp://u:hunter2@h:5672/: refused"},
	"a JSON web token":                                    {jwt, "a " + jwt + " z", "/cb/" + jwt},
	"a word after Bearer, with a digit or 16 characters":  {"Bearer hunter2", "got bearer hunter2-hunter2 back", "BEARER hunter2"},
	"a user and a password after Basic":                   {"Basic dXNlcjpodW50ZXIy", "basic dXNlcjpodW50ZXIy z"},
	"another header, without quotes":                      {"X-Api-Key: hunter2"},
	"a short word without a digit after Bearer":           {"Bearer hunter"},
	"a number, a boolean or null with a name of the list": {`{"token":1234}`, `{"secret":true}`, `{"password":null}`, "{Token:1234}"},
	"a value with another name":                           {`{"token_type":"hunter2"}`, `{"tokens_used":"hunter2"}`, "pin=hunter2", "{Pin:hunter2}"},
	"free text":                                           {"the password is hunter2", "invalid token: hunter2"},
	"keys of other systems":                               {"AKIAIOSFODNN7EXAMPLE", "-----BEGIN PRIVATE KEY-----"},
}

// secretsOf matches the credential in a text of credentialForms.
var secretsOf = regexp.MustCompile(`eyJ[\w.-]+|dXNl\w+|u:hunter2@|hunter2@|hunter2-hunter2|sid=hunter2; Path=/|sid=hunter2|Digest hunter2|hunter2`)

// samplesOf returns all samples of the page. It fails the test if the page does not have the same
// forms as the code.
func samplesOf(t *testing.T, page privacyPage) (samples []sample) {
	t.Helper()
	for _, row := range page.numbers {
		f, known := numberForms[row[0]]
		if !known {
			t.Errorf("docs/privacy.md: no code makes the form %q", row[0])
			continue
		}
		for _, n := range kindsOfNumbers() {
			texts, encoded := f(n)
			for _, e := range encoded {
				for _, text := range texts {
					if e == "" {
						continue
					}
					s := sample{form: row[0], in: strings.ReplaceAll(text, "@", e), masked: strings.ReplaceAll(text, "@", privacy.Masked), secret: e}
					samples = append(samples, s.of(row[2], "text"), s.of(row[3], "key"))
				}
			}
			if row[4] != "" {
				for _, value := range f.numbers(row[0], n) {
					s := sample{form: row[0], in: value, masked: strconv.Itoa(privacy.MaskedNumber)}
					s.secret = strings.TrimPrefix(s.text(), "-")
					samples = append(samples, s.of(row[4], "number"))
				}
			}
		}
	}
	for _, row := range page.credentials {
		for _, text := range credentialForms[row[0]] {
			s := sample{form: row[0], in: text, masked: secretsOf.ReplaceAllStringFunc(text, redacted), secret: secretsOf.FindString(text)}
			samples = append(samples, s.of(row[2], "text"), s.of(row[2], "key"))
		}
	}
	if len(page.numbers) != len(numberForms) || len(page.credentials) != len(credentialForms) {
		t.Errorf("docs/privacy.md: got %d and %d forms, want %d and %d", len(page.numbers), len(page.credentials), len(numberForms), len(credentialForms))
	}
	for _, name := range page.names {
		for _, name := range []string{name, "x_" + name, "http.request.header." + strings.ToUpper(name), "A-" + name + "2"} {
			samples = append(samples, sample{form: "name", column: "name", name: name, in: "hunter2", masked: "REDACTED", secret: "hunter2"})
		}
	}
	for _, name := range []string{"token_type", "tokens_used", "message.key", "auth"} {
		samples = append(samples, sample{form: "another name", column: "name", name: name, in: "hunter2", isSafe: true})
	}
	return samples
}

// of returns s for a column. The argument cell is the cell of the page, such as "not masked".
func (s sample) of(cell, column string) sample {
	s.isSafe, s.column = strings.HasPrefix(cell, "not "), column
	return s
}

func redacted(credential string) string {
	if strings.HasSuffix(credential, "@") {
		return "REDACTED:REDACTED@"
	}
	return "REDACTED"
}

// A privacyPage contains the tables of docs/privacy.md.
type privacyPage struct {
	numbers, credentials, places [][]string
	names                        []string // the names of credentials
}

func readPrivacyPage(t *testing.T) (page privacyPage) {
	t.Helper()
	text, err := os.ReadFile("../docs/privacy.md")
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string]*[][]string{"form of a personal number": &page.numbers, "form of a credential": &page.credentials, "place": &page.places}
	var rows *[][]string
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case !strings.HasPrefix(line, "|"):
			rows = nil
		case rows != nil && !strings.HasPrefix(line, "|---"):
			*rows = append(*rows, cells)
		case rows == nil:
			rows = tables[cells[0]]
		}
	}
	_, list, _ := strings.Cut(string(text), "## Names of credentials\n")
	list, _, _ = strings.Cut(list, "\n## ")
	for _, quoted := range regexp.MustCompile("(?m)^- `.*$").FindAllString(list, -1) {
		page.names = append(page.names, strings.Split(strings.NewReplacer("- ", "", "`", "", " ", "").Replace(quoted), ",")...)
	}
	return page
}
