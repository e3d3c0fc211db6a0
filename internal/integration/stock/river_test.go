//go:build integration

package stock_test

import (
	"context"
	"testing"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
	"github.com/riverqueue/rivercontrib/otelriver"
)

type mail struct{}

func (mail) Kind() string { return "mail" }

type letter struct{}

func (letter) Kind() string { return "letter" }

// TestRiver checks the spans of otelriver for jobs that are inserted and worked, in PostgreSQL.
func TestRiver(t *testing.T) {
	const schema = "spor_stock_river"
	config, err := pgxpool.ParseConfig(service(t, "SPOR_POSTGRES_URL"))
	if err != nil {
		t.Fatal(err)
	}
	e := export(t, func(ctx context.Context) {
		config.ConnConfig.Tracer = otelpgx.NewTracer()
		pool, err := pgxpool.NewWithConfig(ctx, config)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		background := context.WithoutCancel(t.Context())
		for _, statement := range []string{"DROP SCHEMA IF EXISTS " + schema + " CASCADE", "CREATE SCHEMA " + schema} {
			if _, err := pool.Exec(background, statement); err != nil {
				t.Fatal(err)
			}
		}
		defer pool.Exec(background, "DROP SCHEMA "+schema+" CASCADE")
		migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: schema})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := migrator.Migrate(background, rivermigrate.DirectionUp, nil); err != nil {
			t.Fatal(err)
		}
		workers := river.NewWorkers()
		river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[mail]) error {
			_, err := pool.Exec(ctx, "SELECT relname FROM pg_class WHERE relname = $1", "x")
			return err
		}))
		river.AddWorker(workers, river.WorkFunc(func(context.Context, *river.Job[letter]) error { return nil }))
		c, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
			Schema: schema, Workers: workers, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 1}},
			Plugins:  []rivertype.Plugin{otelriver.NewMiddleware(nil)},
			TestOnly: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		done, cancel := c.Subscribe(river.EventKindJobCompleted)
		defer cancel()
		if err := c.Start(background); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Insert(ctx, mail{}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := c.InsertMany(ctx, []river.InsertManyParams{{Args: mail{}}, {Args: letter{}}}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			<-done
		}
		if err := c.Stop(background); err != nil {
			t.Fatal(err)
		}
	})
	e.mustHave(t, producer, "mail publish")
	e.mustHave(t, producer, "river.insert_many")
	e.mustHave(t, consumer, "mail process", "kind", "mail")
	e.mustHave(t, consumer, "letter process", "kind", "letter")
	e.mustLight(t, "Operations: messaging", "Operations: database", "Dependencies and service map", "Dependency detail", "Database: rate and errors",
		"Database: traces", "Database: top queries", "Database: N+1", "Trace breakdowns")
	e.mustDarken(t)
}
