package dsn_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/sqltrace/internal/dsn"
)

func TestParse(t *testing.T) {
	const pg, my, ms, lite = "postgresql", "mysql", "microsoft.sql_server", "sqlite"
	for _, test := range []struct {
		system, dsn, address string
		port                 int
		namespace            string
	}{
		{pg, "postgres://u:p@db.example:5432/shop?sslmode=disable", "db.example", 5432, "shop"},
		{pg, "postgres://u:p%40ss@127.0.0.1/shop", "127.0.0.1", 0, "shop"},
		{pg, "postgresql://u:p@[::1]:5432/shop", "::1", 5432, "shop"},
		{pg, "postgres:///shop?host=/run/postgresql&port=5433", "/run/postgresql", 5433, "shop"},
		{pg, "postgres://u:se@cret@db/shop", "db", 0, "shop"},
		{pg, "postgres://u:se/cret@db/shop", "", 0, ""},
		{pg, "postgres://u:12/cret@db/shop", "", 0, ""},
		{pg, "postgres://u:12?cret@db/shop", "", 0, ""},
		{pg, "postgres://u:12#cret@db/shop", "", 0, ""},
		{pg, "postgres://u:p@h1:5432,h2:5433/shop", "", 0, ""},
		{pg, "host=db.example port=5432 user=u password=secret dbname=shop", "db.example", 5432, "shop"},
		{pg, `host='db.example' password='se cret host=x' dbname = 'my_shop'`, "db.example", 0, "my_shop"},
		{pg, `password='it\'s' host=db`, "db", 0, ""},
		{pg, "password=se cret host=db", "", 0, ""},
		{pg, "password='secret", "", 0, ""},
		{pg, "host=secret=x dbname=shop", "", 0, ""},
		{pg, "registeredConnConfig0", "", 0, ""},
		{pg, "", "", 0, ""},
		{my, "u:p@tcp(db.example:3306)/shop?parseTime=true", "db.example", 3306, "shop"},
		{my, "u:p@ss:w/rd@tcp(db)/shop", "db", 0, "shop"},
		{my, "u:p@tcp([::1]:3306)/shop", "::1", 3306, "shop"},
		{my, "u:p@unix(/run/mysqld.sock)/shop", "/run/mysqld.sock", 0, "shop"},
		{my, "/shop", "", 0, "shop"},
		{my, "u:p@tcp(db)/shop?x=/secret", "", 0, ""},
		{my, "u:secret/shop", "", 0, ""},
		{my, "secret", "", 0, ""},
		{ms, "sqlserver://u:p@db:1433/instance?database=shop", "db", 1433, "shop"},
		{ms, `server=db\instance,1433;user id=u;password=secret;database=shop`, "db", 1433, "shop"},
		{ms, "Data Source=tcp:db;Initial Catalog=shop", "db", 0, "shop"},
		{ms, "server=db;password={a;server=secret};database=shop", "", 0, ""},
		{ms, "server=db;password=a;b;database=shop", "", 0, ""},
		{lite, "file:/data/quotes.db?_pragma=key('secret')", "", 0, "quotes.db"},
		{lite, ":memory:", "", 0, ""},
		{lite, "file::memory:?cache=shared", "", 0, ""},
		{"", "u/p@secret", "", 0, ""},
		{"oracle.db", "oracle://u:p@db:1521/shop", "db", 1521, "shop"},
	} {
		t.Run(test.dsn, func(t *testing.T) {
			want := db.Target{System: test.system, Address: test.address, Port: test.port, Namespace: test.namespace}
			if got := dsn.Parse(test.system, test.dsn); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestParseTakesInEnvironment(t *testing.T) {
	t.Setenv("PGHOST", "pooler.pg-team")
	t.Setenv("PGPORT", "5432")
	t.Setenv("PGDATABASE", "app")
	t.Setenv("PGPASSWORD", "secret")
	for name, want := range map[string]string{
		"": "pooler.pg-team:5432/app", "sslmode=disable": "pooler.pg-team:5432/app",
		"host=db": "db:5432/app", "postgres:///shop": "pooler.pg-team:5432/shop",
		"postgres://db/shop": "db/shop",
	} {
		if got := dsn.Parse("postgresql", name).String(); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

type fakeDriver struct{}

func TestSystemOf(t *testing.T) {
	for name, want := range map[string]string{
		"pgx": "postgresql", "postgres": "postgresql", "cloudsql-postgres": "postgresql", "mysql": "mysql",
		"sqlite3": "sqlite", "sqlserver": "microsoft.sql_server", "something": "",
	} {
		if got := dsn.SystemOf(name, &fakeDriver{}); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := dsn.SystemOf("", nil); got != "" {
		t.Errorf("nil: got %q", got)
	}
}

const secret = "Xq7Secret9"

// forms contains functions that write a data source name with a password. Some of these
// names have the correct format for their driver. The other names contain common mistakes.
var forms = []struct {
	system string
	write  func(password string) string
}{
	{"postgresql", func(p string) string { return "postgres://bob:" + url.QueryEscape(p) + "@db:5432/shop" }},
	{"postgresql", func(p string) string { return "postgres://bob:" + p + "@db:5432/shop?sslmode=disable" }},
	{"postgresql", func(p string) string {
		return "host=db user=bob password='" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(p) + "' dbname=shop"
	}},
	{"mysql", func(p string) string { return "bob:" + p + "@tcp(db:3306)/shop?parseTime=true" }},
	{"mysql", func(p string) string { return "mysql://bob:" + p + "@db:3306/shop" }},
	{"microsoft.sql_server", func(p string) string { return "sqlserver://bob:" + p + "@db:1433?database=shop" }},
	{"microsoft.sql_server", func(p string) string {
		return "server=db;user id=bob;password=" + strings.NewReplacer("=", "", ";", "").Replace(p) + ";database=shop"
	}},
	{"sqlite", func(p string) string { return "file:shop.db?_pragma=key('" + p + "')" }},
	{"oracle.db", func(p string) string { return "oracle://bob:" + p + "@db:1521/shop" }},
	{"", func(p string) string { return "bob:" + p + "@db/shop" }},
}

func FuzzNoSecretGetsThrough(f *testing.F) {
	for i := range forms {
		for _, junk := range []string{"", "@", "/", "?", "#", ":", "12/", "@h/", "' host=", "(", ")/", "tcp(x)/", ";server=", "\\'", "://", "%40", " "} {
			f.Add(uint8(i), junk, "")
			f.Add(uint8(i), "", junk)
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, before, after string) {
		form := forms[int(i)%len(forms)]
		name := form.write(before + secret + after)
		target := dsn.Parse(form.system, name)
		out := fmt.Sprint(target, target.String(), new(db.Config).Describe(target), new(db.Config).PoolName(target))
		for _, bad := range []string{secret, "bob"} {
			if strings.Contains(out, bad) {
				t.Fatalf("%q gave %s", name, out)
			}
		}
	})
}
