package stock_test

import (
	"context"
	"errors"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/extra/redisotel/v9"
	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"
	"github.com/redis/rueidis/rueidisotel"
	"github.com/valkey-io/valkey-go"
	"github.com/valkey-io/valkey-go/valkeyotel"
)

// noSQLPanels are the panels that spans of databases without SQL light.
var noSQLPanels = []string{"Operations: database", "Dependencies and service map", "Dependency detail", "Database: rate and errors", "Database: traces", "Trace breakdowns"}

func TestRedis(t *testing.T) { testRedis(t, miniredis.RunT(t).Addr()) }

// testRedis checks the spans of three clients of Redis and Valkey. The span for the connection has no
// command and no name of a database, but the platform does not need them.
func testRedis(t *testing.T, addr string) {
	t.Helper()
	for name, tt := range map[string]struct {
		use                     func(ctx context.Context, addr string) error
		dial, command, pipeline string
	}{
		"redisotel":   {useRedis, "redis.dial", "set", "redis.pipeline set get"},
		"valkeyotel":  {useValkey, "valkey.dial", "SET", "SET GET"},
		"rueidisotel": {useRueidis, "redis.dial", "SET", "SET GET"},
	} {
		t.Run(name, func(t *testing.T) {
			e := export(t, func(ctx context.Context) {
				if err := tt.use(ctx, addr); err != nil {
					t.Fatal(err)
				}
			})
			e.mustHave(t, client, tt.dial, "db.system", "redis")
			e.mustHave(t, client, tt.command, "db.system", "redis", "db.operation", tt.command)
			e.mustHave(t, client, tt.pipeline, "db.system", "redis")
			e.mustLight(t, noSQLPanels...)
			e.mustDarken(t)
		})
	}
}

func useRedis(ctx context.Context, addr string) error {
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	if err := redisotel.InstrumentTracing(c); err != nil {
		return err
	}
	if err := c.Set(ctx, "k", "v", 0).Err(); err != nil {
		return err
	}
	_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
		return errors.Join(p.Set(ctx, "k", "v", 0).Err(), p.Get(ctx, "k").Err())
	})
	return err
}

func useValkey(ctx context.Context, addr string) error {
	c, err := valkeyotel.NewClient(valkey.ClientOption{InitAddress: []string{addr}, DisableCache: true})
	if err != nil {
		return err
	}
	defer c.Close()
	set := func() valkey.Completed { return c.B().Set().Key("k").Value("v").Build() }
	err = c.Do(ctx, set()).Error()
	for _, result := range c.DoMulti(ctx, set(), c.B().Get().Key("k").Build()) {
		err = errors.Join(err, result.Error())
	}
	return err
}

func useRueidis(ctx context.Context, addr string) error {
	c, err := rueidisotel.NewClient(rueidis.ClientOption{InitAddress: []string{addr}, DisableCache: true})
	if err != nil {
		return err
	}
	defer c.Close()
	set := func() rueidis.Completed { return c.B().Set().Key("k").Value("v").Build() }
	err = c.Do(ctx, set()).Error()
	for _, result := range c.DoMulti(ctx, set(), c.B().Get().Key("k").Build()) {
		err = errors.Join(err, result.Error())
	}
	return err
}
