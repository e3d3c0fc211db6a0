package sqltrace_test

import (
	"context"
	"strings"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/sqltrace"
)

func TestSQLCommenter(t *testing.T) {
	const tests = "github.com/nais/spor/internal/sqltest"
	for _, test := range []struct {
		name, driver, text string
		sampler            sdktrace.Sampler
		want               bool
	}{
		{"a driver that forgets", tests, "SELECT id FROM orders", sdktrace.AlwaysSample(), true},
		{"a driver that may not", "some.example/other", "SELECT id FROM orders", sdktrace.AlwaysSample(), false},
		{"not sampled", tests, "SELECT id FROM orders", sdktrace.NeverSample(), false},
		{"has a comment", tests, "SELECT id /* mine */ FROM orders", sdktrace.AlwaysSample(), false},
		{"does not end", tests, "SELECT 'id", sdktrace.AlwaysSample(), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Cleanup(sqltrace.Forget(test.driver))
			sdk := oteltest.New(t, sdktrace.WithSampler(test.sampler))
			fake := full()
			var said []string
			fake.Hook = func(_ context.Context, op, text string) error {
				if strings.HasSuffix(op, "Context") || strings.HasSuffix(op, "Prepare") {
					said = append(said, text)
				}
				return nil
			}
			db := open(t, fake.Connector(), options(sdk, sqltrace.WithSQLCommenter())...)
			if err := query(t.Context(), db, test.text); err != nil {
				t.Fatal(err)
			}
			stmt, err := db.PrepareContext(t.Context(), test.text)
			if err != nil {
				t.Fatal(err)
			}
			defer stmt.Close()
			want := test.text
			if test.want {
				sc := sdk.Only(t).SpanContext()
				want += " /*traceparent='00-" + sc.TraceID().String() + "-" + sc.SpanID().String() + "-01'*/"
			}
			if len(said) < 2 || said[0] != want || said[1] != test.text {
				t.Errorf("the driver got %q, want %q and then %q", said, want, test.text)
			}
		})
	}
}

func TestSlowQueries(t *testing.T) {
	sdk := oteltest.New(t)
	fake := full()
	fake.Hook = func(_ context.Context, op, text string) error {
		if op == "conn.QueryContext" && strings.Contains(text, "slow") {
			<-time.After(20 * time.Millisecond)
		}
		return nil
	}
	db := open(t, fake.Connector(), options(sdk, sqltrace.WithSlowQueries(15*time.Millisecond))...)
	for _, text := range []string{"SELECT slow FROM orders", "SELECT id FROM orders"} {
		if err := query(t.Context(), db, text); err != nil {
			t.Fatal(err)
		}
	}
	wantAttributes(t, sdk.Ended()[0], map[string]string{"db.query.slow": "true"})
	wantAttributes(t, sdk.Ended()[1], map[string]string{"db.query.slow": ""})
}

func TestRepeatedQueries(t *testing.T) {
	for times, want := range map[int]string{3: "", 4: "SELECT orders"} {
		sdk := oteltest.New(t)
		db := open(t, full().Connector(), options(sdk, sqltrace.WithRepeatedQueries(3))...)
		ctx, span := sdk.TracerProvider.Tracer("test").Start(t.Context(), "request")
		for range times {
			if err := query(ctx, db, "SELECT id FROM orders"); err != nil {
				t.Fatal(err)
			}
		}
		span.End()
		ended := sdk.Ended()
		wantAttributes(t, ended[len(ended)-1], map[string]string{"db.query.repeated": want})
	}
}
