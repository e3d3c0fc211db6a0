package stock_test

import (
	"context"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/extra/redisotel/v9"
	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"
	"github.com/redis/rueidis/rueidisotel"
	"github.com/valkey-io/valkey-go"
	"github.com/valkey-io/valkey-go/valkeyotel"
)

// redisPanels are the panels that spans of commands light.
var redisPanels = []string{"Operations: database", "Dependencies and service map", "Dependency detail", "Database: rate and errors", "Database: traces", "Trace breakdowns"}

func TestRedis(t *testing.T) { testRedis(t, miniredis.RunT(t).Addr()) }

// testRedis checks the spans of three clients of Redis and Valkey.
func testRedis(t *testing.T, addr string) {
	for name, tt := range map[string]struct {
		use      func(t *testing.T, ctx context.Context)
		command  string
		pipeline string
	}{
		"redisotel": {
			use: func(t *testing.T, ctx context.Context) {
				c := redis.NewClient(&redis.Options{Addr: addr})
				defer c.Close()
				if err := redisotel.InstrumentTracing(c); err != nil {
					t.Fatal(err)
				}
				if err := c.Set(ctx, "k", "v", 0).Err(); err != nil {
					t.Error(err)
				}
				if _, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
					p.Set(ctx, "k", "v", 0)
					return p.Get(ctx, "k").Err()
				}); err != nil {
					t.Error(err)
				}
			},
			command: "set", pipeline: "redis.pipeline set get",
		},
		"valkeyotel": {
			use: func(t *testing.T, ctx context.Context) {
				c, err := valkeyotel.NewClient(valkey.ClientOption{InitAddress: []string{addr}, DisableCache: true})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if err := c.Do(ctx, c.B().Set().Key("k").Value("v").Build()).Error(); err != nil {
					t.Error(err)
				}
				for _, result := range c.DoMulti(ctx, c.B().Set().Key("k").Value("v").Build(), c.B().Get().Key("k").Build()) {
					if err := result.Error(); err != nil {
						t.Error(err)
					}
				}
			},
			command: "SET", pipeline: "SET GET",
		},
		"rueidisotel": {
			use: func(t *testing.T, ctx context.Context) {
				c, err := rueidisotel.NewClient(rueidis.ClientOption{InitAddress: []string{addr}, DisableCache: true})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if err := c.Do(ctx, c.B().Set().Key("k").Value("v").Build()).Error(); err != nil {
					t.Error(err)
				}
				for _, result := range c.DoMulti(ctx, c.B().Set().Key("k").Value("v").Build(), c.B().Get().Key("k").Build()) {
					if err := result.Error(); err != nil {
						t.Error(err)
					}
				}
			},
			command: "SET", pipeline: "SET GET",
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := export(t, func(ctx context.Context) { tt.use(t, ctx) })
			e.mustHave(t, client, tt.command, "db.system", "redis", "db.operation", tt.command)
			e.mustHave(t, client, tt.pipeline, "db.system", "redis")
			if name == "redisotel" {
				e.mustHave(t, client, "redis.dial", "db.system", "redis")
			}
			e.mustLight(t, redisPanels...)
			e.mustDarken(t)
		})
	}
}
