//go:build integration

package integration

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/internal/oteltest"
)

// The function watched returns an SDK. At the end of the test, watched checks that there are no
// secrets in the telemetry of this SDK, and none in the errors that OpenTelemetry's error handler
// got.
func watched(t *testing.T, d database) *oteltest.SDK {
	t.Helper()
	sdk := oteltest.New(t)
	var mu sync.Mutex
	var reported strings.Builder
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(&reported, err)
	}))
	t.Cleanup(func() {
		for _, span := range sdk.Ended() {
			reported.WriteString(everything(span))
		}
		for _, metric := range sdk.Metrics(t, "") {
			fmt.Fprintf(&reported, "%+v\n", metric)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, mark := range d.secrets(t) {
			if i := strings.Index(reported.String(), mark); i >= 0 {
				t.Errorf("the telemetry contains the secret %q: %s", mark, around([]byte(reported.String()), i))
			}
		}
	})
	return sdk
}

func everything(span sdktrace.ReadOnlySpan) string {
	return fmt.Sprintf("%s %v %v %v %v %v %v %v\n", span.Name(), span.Attributes(), span.Events(), span.Links(), span.Status(),
		span.SpanContext().TraceState(), span.Resource(), span.InstrumentationScope())
}

// secrets returns the texts that must not be recorded: the password, the literals and
// the arguments.
func (d database) secrets(t *testing.T) []string {
	t.Helper()
	marks := []string{secret, "Ada", "Eve", strconv.Itoa(secretNumber)[:7]}
	switch {
	case d.isPostgres():
		u, err := url.Parse(d.dsn)
		if err != nil {
			t.Fatal(err)
		}
		password, _ := u.User.Password()
		marks = append(marks, password)
	case d.driver == "mysql":
		config, err := mysql.ParseDSN(d.dsn)
		if err != nil {
			t.Fatal(err)
		}
		marks = append(marks, config.Passwd)
	}
	return marks
}
