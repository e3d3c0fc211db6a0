package sqltrace_test

import (
	"context"
	"database/sql"
	"maps"
	"sync"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/sqltrace"
)

type atStart struct {
	sdktrace.SpanProcessor

	mu    sync.Mutex
	count []int
}

func (a *atStart) OnStart(_ context.Context, span sdktrace.ReadWriteSpan) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count = append(a.count, len(span.Attributes()))
}

func (*atStart) OnEnd(sdktrace.ReadOnlySpan)    {}
func (*atStart) Shutdown(context.Context) error { return nil }

// TestLateAttributes checks that a span has the same attributes, no matter whether they are
// set when the span starts or when it ends. They are set at the end if no span processor
// reads the span earlier.
func TestLateAttributes(t *testing.T) {
	for name, run := range map[string]func(ctx context.Context, db *sql.DB) error{
		"query": func(ctx context.Context, db *sql.DB) error {
			return query(ctx, db, "SELECT * FROM orders WHERE id = 7")
		},
		"exec": func(ctx context.Context, db *sql.DB) error {
			_, err := db.ExecContext(ctx, "UPDATE orders SET name = 'x'")
			return err
		},
		"prepared": func(ctx context.Context, db *sql.DB) error {
			stmt, err := db.PrepareContext(ctx, "DELETE FROM orders")
			if err != nil {
				return err
			}
			defer stmt.Close()
			_, err = stmt.ExecContext(ctx)
			return err
		},
		"fails": func(ctx context.Context, db *sql.DB) error {
			_ = query(ctx, db, "fail")
			return nil
		},
		"rows not read": func(ctx context.Context, db *sql.DB) error {
			rows, err := db.QueryContext(ctx, "SELECT * FROM orders")
			if err != nil {
				return err
			}
			return rows.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			var spans [2]sdktrace.ReadOnlySpan
			for i := range spans {
				starts := &atStart{}
				sdk := oteltest.New(t, sdktrace.WithSpanProcessor(starts))
				late := i == 1
				opts := options(sdk)
				if late {
					opts = append(opts, sqltrace.WithTracerProvider(oteltest.AttributesAtEnd(sdk.TracerProvider)))
				}
				fake := full()
				fake.Hook = func(_ context.Context, _, text string) error {
					if text == "fail" {
						return stateError{"42P01"}
					}
					return nil
				}
				if err := run(t.Context(), open(t, fake.Connector(), opts...)); err != nil {
					t.Fatal(err)
				}
				spans[i] = sdk.Only(t)
				if got := starts.count[0]; late != (got == 0) {
					t.Errorf("late %v: started with %d attributes", late, got)
				}
			}
			early, late := oteltest.Map(spans[0].Attributes()), oteltest.Map(spans[1].Attributes())
			if len(early) < 3 || !maps.Equal(early, late) {
				t.Errorf("attributes %v, late %v", early, late)
			}
			if spans[0].Name() != spans[1].Name() || spans[0].SpanKind() != spans[1].SpanKind() || spans[0].Status() != spans[1].Status() {
				t.Errorf("late: %q, %v, %v", spans[1].Name(), spans[1].SpanKind(), spans[1].Status())
			}
		})
	}
}
