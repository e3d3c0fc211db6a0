package db_test

import (
	"fmt"
	"testing"

	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/db"
)

func TestDescribe(t *testing.T) {
	target := db.Target{System: "postgresql", Address: "db", Port: 5432, Namespace: "shop"}
	given := &db.Config{Attributes: []attribute.KeyValue{
		attribute.String("db.namespace", "other"), attribute.String("team", "x"), attribute.String("db.client.connection.pool.name", "reader"),
	}}
	for _, test := range []struct {
		config     *db.Config
		want, pool string
	}{
		{new(db.Config), "[{db.system.name postgresql} {db.namespace shop} {server.address db} {server.port 5432}]", "db:5432/shop"},
		{given, "[{db.system.name postgresql} {server.address db} {server.port 5432} {db.namespace other} {team x}]", "reader"},
		{&db.Config{Attributes: given.Attributes[:1]}, "[{db.system.name postgresql} {server.address db} {server.port 5432} {db.namespace other}]", "db:5432/other"},
	} {
		var got []string
		for _, attr := range test.config.Describe(target) {
			got = append(got, fmt.Sprintf("{%s %s}", attr.Key, attr.Value.String()))
		}
		if got := fmt.Sprint(got); got != test.want {
			t.Errorf("got %v, want %v", got, test.want)
		}
		if got := test.config.PoolName(target); got != test.pool {
			t.Errorf("pool: got %q, want %q", got, test.pool)
		}
	}
	if got := new(db.Config).PoolName(db.Target{System: "valkey"}); got != "valkey" {
		t.Errorf("without an address: got %q", got)
	}
}
