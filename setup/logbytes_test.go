package setup_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/nais/spor/internal/oteltest"

	"github.com/nais/spor/setup"
)

type byteKey []byte

type byteRecord struct {
	Key, Value []byte
	Headers    []struct{ Value []byte }
	Next       *byteRecord
	Extra      any
	hidden     []byte
}

type bytesValuer struct{ b []byte }

func (v bytesValuer) LogValue() slog.Value { return slog.AnyValue(v.b) }

func TestLogsHaveBytesAsText(t *testing.T) {
	const number = "01017012345"
	b := []byte("fnr " + number)
	for name, tt := range map[string]struct{ value, want any }{
		"bytes":    {b, "fnr ***********"},
		"JSON":     {[]byte(`{"token":"hunter2","æ":"<&>"}`), `{"token":"REDACTED","æ":"<&>"}`},
		"own type": {byteKey(b), "fnr ***********"},
		"empty":    {[]byte{}, ""},
		"nil":      {[]byte(nil), nil},
		"list":     {[][]byte{b, nil, b}, []any{"fnr ***********", nil, "fnr ***********"}},
		"map":      {map[string][]byte{"k": b}, map[string]any{"k": "fnr ***********"}},
		"any":      {map[string]any{"k": []any{b, 1}}, map[string]any{"k": []any{"fnr ***********", 1.0}}},
		"pointer":  {&b, "fnr ***********"},
		"valuer":   {bytesValuer{b}, "fnr ***********"},
		"raw":      {json.RawMessage(`{"fnr":"` + number + `"}`), map[string]any{"fnr": "***********"}},
		"not text": {[]byte("\xff" + number), base64.StdEncoding.EncodeToString([]byte("\xff***********"))},
		"struct": {&byteRecord{Key: b, Value: []byte("\xff"), Headers: []struct{ Value []byte }{{b}}, Next: &byteRecord{Key: b}, hidden: b}, map[string]any{
			"Key": "fnr ***********", "Value": "/w==", "Headers": []any{map[string]any{"Value": "fnr ***********"}}, "Extra": nil,
			"Next": map[string]any{"Key": "fnr ***********", "Value": nil, "Headers": nil, "Next": nil, "Extra": nil},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := listenForLogs(t)
			shutdown := exportLogs(t, c.Endpoint())
			var out bytes.Buffer
			log := slog.New(setup.LogHandler(&out, nil))
			log.With("value", tt.value).Info("m")
			log.Info("m", "value", tt.value)
			log.WithGroup("g").Info("m", "value", tt.value, slog.Group("h", "value", tt.value))
			logrusTo(&out).WithField("value", tt.value).Info("m")
			if err := shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			lines := oteltest.ParseLines(t, out.String())
			group, _ := lines[2]["g"].(map[string]any)
			inner, _ := group["h"].(map[string]any)
			for i, line := range []map[string]any{lines[0], lines[1], group, inner, lines[3]} {
				if got := line["value"]; fmt.Sprint(got) != fmt.Sprint(tt.want) {
					t.Errorf("%d: got %v, want %v", i, got, tt.want)
				}
			}
			text := fmt.Sprint(c.all())
			for _, leak := range []string{number, base64.StdEncoding.EncodeToString(b)} {
				if strings.Contains(text, leak) {
					t.Errorf("OTLP: %s was exported: %s", leak, text)
				}
			}
		})
	}
}
