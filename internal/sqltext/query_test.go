package sqltext_test

import (
	"strings"
	"testing"

	"github.com/nais/spor/internal/sqltext"
)

func TestAnalyze(t *testing.T) {
	for _, test := range []struct {
		dialect                                    sqltext.Dialect
		text, want, summary, operation, collection string
	}{
		// These entries check the names of operations and tables.
		{sqltext.PostgreSQL, "SELECT * FROM orders WHERE id = 5", "SELECT * FROM orders WHERE id = ?", "SELECT orders", "SELECT", "orders"},
		{sqltext.PostgreSQL, "select 1", "select ?", "SELECT", "SELECT", ""},
		{sqltext.PostgreSQL, `SELECT o.id FROM public.orders o JOIN "shop"."customers" c USING (id), lines`, `SELECT o.id FROM public.orders o JOIN "shop"."customers" c USING (id), lines`, "SELECT public.orders shop.customers lines", "SELECT", ""},
		{sqltext.PostgreSQL, "INSERT INTO shipping(a) SELECT a FROM orders", "INSERT INTO shipping(a) SELECT a FROM orders", "INSERT shipping SELECT orders", "INSERT", ""},
		{sqltext.PostgreSQL, "WITH x AS (SELECT a FROM b), y(c) AS (DELETE FROM z RETURNING *) SELECT * FROM x JOIN y USING (id)", "WITH x AS (SELECT a FROM b), y(c) AS (DELETE FROM z RETURNING *) SELECT * FROM x JOIN y USING (id)", "SELECT b DELETE z SELECT", "SELECT", ""},
		{sqltext.PostgreSQL, "WITH m AS (SELECT 1) UPDATE t SET a = b FROM m", "WITH m AS (SELECT ?) UPDATE t SET a = b FROM m", "UPDATE t", "UPDATE", "t"},
		{sqltext.PostgreSQL, "SELECT (SELECT max(x) FROM b) FROM a", "SELECT (SELECT max(x) FROM b) FROM a", "SELECT a SELECT b", "SELECT", ""},
		{sqltext.PostgreSQL, "SELECT * FROM (SELECT * FROM a) q, generate_series(1, 5), b", "SELECT * FROM (SELECT * FROM a) q, generate_series(?, ?), b", "SELECT b SELECT a", "SELECT", ""},
		{sqltext.PostgreSQL, "SELECT * FROM (a JOIN b ON a.x = b.x)", "SELECT * FROM (a JOIN b ON a.x = b.x)", "SELECT a b", "SELECT", ""},
		{sqltext.PostgreSQL, "SELECT EXTRACT(year FROM created), a IS DISTINCT FROM b FROM t FOR UPDATE OF t", "SELECT EXTRACT(year FROM created), a IS DISTINCT FROM b FROM t FOR UPDATE OF t", "SELECT t", "SELECT", "t"},
		{sqltext.PostgreSQL, "SELECT a FROM t UNION ALL SELECT b FROM u ORDER BY 1, 2", "SELECT a FROM t UNION ALL SELECT b FROM u ORDER BY ?, ?", "SELECT t SELECT u", "SELECT", ""},
		{sqltext.PostgreSQL, "UPDATE ONLY t SET a = 1 WHERE b IN (SELECT c FROM d)", "UPDATE ONLY t SET a = ? WHERE b IN (SELECT c FROM d)", "UPDATE t SELECT d", "UPDATE", ""},
		{sqltext.PostgreSQL, "DELETE FROM t USING u WHERE t.a = u.a", "DELETE FROM t USING u WHERE t.a = u.a", "DELETE t u", "DELETE", ""},
		{sqltext.PostgreSQL, "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET x = 1 WHEN NOT MATCHED THEN INSERT VALUES (1)", "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET x = ? WHEN NOT MATCHED THEN INSERT VALUES (?)", "MERGE t s", "MERGE", ""},
		{sqltext.PostgreSQL, "CREATE TABLE IF NOT EXISTS s.t (id int DEFAULT 5)", "CREATE TABLE IF NOT EXISTS s.t (id int DEFAULT ?)", "CREATE TABLE s.t", "CREATE TABLE", "s.t"},
		{sqltext.PostgreSQL, "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)", "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX i", "CREATE INDEX", "t"},
		{sqltext.PostgreSQL, "CREATE OR REPLACE VIEW v AS SELECT * FROM t", "CREATE OR REPLACE VIEW v AS SELECT * FROM t", "CREATE VIEW v SELECT t", "CREATE VIEW", ""},
		{sqltext.PostgreSQL, "VALUES (1, 'x'), (2, 'y')", "VALUES (?, ?)", "VALUES", "VALUES", ""},
		{sqltext.PostgreSQL, "TABLE s.t ORDER BY a", "TABLE s.t ORDER BY a", "TABLE s.t", "TABLE", "s.t"},
		{sqltext.PostgreSQL, "UPSERT INTO t VALUES (1)", "UPSERT INTO t VALUES (?)", "UPSERT t", "UPSERT", "t"},
		{sqltext.PostgreSQL, "BEGIN; VALUES (1)", "BEGIN; VALUES (?)", "BEGIN VALUES", "BEGIN", ""},
		{sqltext.PostgreSQL, "TRUNCATE TABLE a", "TRUNCATE TABLE a", "TRUNCATE a", "TRUNCATE", "a"},
		{sqltext.PostgreSQL, "COPY orders (a, b) FROM STDIN", "COPY orders (a, b) FROM STDIN", "COPY orders", "COPY", "orders"},
		{sqltext.PostgreSQL, "CALL do_it(1, 'x')", "CALL do_it(?, ?)", "CALL do_it", "CALL", ""},
		{sqltext.PostgreSQL, "EXPLAIN ANALYZE UPDATE t SET a = 1", "EXPLAIN ANALYZE UPDATE t SET a = ?", "EXPLAIN UPDATE t", "EXPLAIN", "t"},
		{sqltext.PostgreSQL, "BEGIN; UPDATE t SET a = 1; COMMIT", "BEGIN; UPDATE t SET a = ?; COMMIT", "BEGIN UPDATE t COMMIT", "BEGIN", "t"},
		{sqltext.PostgreSQL, "INSERT INTO comment VALUES (1)", "INSERT INTO comment VALUES (?)", "INSERT comment", "INSERT", "comment"},
		{sqltext.PostgreSQL, "hello world", "hello world", "", "", ""},
		{sqltext.PostgreSQL, "", "", "", "", ""},
		{sqltext.PostgreSQL, "INSERT INTO t WITH x AS (SELECT a FROM u) SELECT * FROM x", "INSERT INTO t WITH x AS (SELECT a FROM u) SELECT * FROM x", "INSERT t SELECT u", "INSERT", ""},
		{sqltext.PostgreSQL, "CREATE VIEW v AS WITH x AS (SELECT 1) SELECT * FROM x", "CREATE VIEW v AS WITH x AS (SELECT ?) SELECT * FROM x", "CREATE VIEW v", "CREATE VIEW", "v"},
		{sqltext.PostgreSQL, "DECLARE c CURSOR FOR WITH x AS (SELECT a FROM u) SELECT * FROM x", "DECLARE c CURSOR FOR WITH x AS (SELECT a FROM u) SELECT * FROM x", "DECLARE SELECT u", "DECLARE", "u"},
		{sqltext.PostgreSQL, "WITH Xy AS (SELECT 1) SELECT * FROM xY", "WITH Xy AS (SELECT ?) SELECT * FROM xY", "SELECT", "SELECT", ""},
		{sqltext.PostgreSQL, "COPY (SELECT a FROM t) TO STDOUT", "COPY (SELECT a FROM t) TO STDOUT", "COPY SELECT t", "COPY", "t"},
		{sqltext.PostgreSQL, "DROP TABLE a, s.b", "DROP TABLE a, s.b", "DROP TABLE a s.b", "DROP TABLE", ""},
		{sqltext.PostgreSQL, "DROP PUBLICATION a, b", "DROP PUBLICATION a, b", "DROP", "DROP", ""},
		{sqltext.PostgreSQL, "DROP INDEX i", "DROP INDEX i", "DROP INDEX i", "DROP INDEX", ""},
		{sqltext.PostgreSQL, "CREATE INDEX ON t (c)", "CREATE INDEX ON t (c)", "CREATE INDEX", "CREATE INDEX", "t"},
		{sqltext.PostgreSQL, "CREATE TRIGGER g AFTER INSERT OR UPDATE ON t EXECUTE FUNCTION f()", "CREATE TRIGGER g AFTER INSERT OR UPDATE ON t EXECUTE FUNCTION f()", "CREATE TRIGGER g", "CREATE TRIGGER", "t"},
		{sqltext.PostgreSQL, "EXECUTE p (1)", "EXECUTE p (?)", "EXECUTE p", "EXECUTE", ""},
		{sqltext.MySQL, "UPDATE a, b AS c SET a.x = 1, c.y = 2", "UPDATE a, b AS c SET a.x = ?, c.y = ?", "UPDATE a b", "UPDATE", ""},
		{sqltext.MySQL, "INSERT IGNORE t VALUES (1)", "INSERT IGNORE t VALUES (?)", "INSERT t", "INSERT", "t"},
		{sqltext.MySQL, "CREATE ALGORITHM=MERGE DEFINER='secret'@'secret' SQL SECURITY DEFINER VIEW v AS SELECT * FROM t", "CREATE ALGORITHM=MERGE DEFINER=?@? SQL SECURITY DEFINER VIEW v AS SELECT * FROM t", "CREATE VIEW v SELECT t", "CREATE VIEW", ""},
		{sqltext.SQLServer, "INSERT INTO t WITH (TABLOCK) SELECT a FROM u", "INSERT INTO t WITH (TABLOCK) SELECT a FROM u", "INSERT t SELECT u", "INSERT", ""},
		{sqltext.Oracle, "INSERT ALL INTO a VALUES (1) INTO b VALUES (2) SELECT * FROM c", "INSERT ALL INTO a VALUES (?) INTO b VALUES (?) SELECT * FROM c", "INSERT a b SELECT c", "INSERT", ""},
		{sqltext.Other, "SELECT * FROM my-project.d.t, e", "SELECT * FROM my-project.d.t, e", "SELECT my-project.d.t e", "SELECT", ""},
		{sqltext.Other, "FROM a JOIN b ON 1 = 2", "FROM a JOIN b ON ? = ?", "SELECT a b", "SELECT", ""},
		{sqltext.Other, "SELECT * FROM t LATERAL VIEW explode(a) x AS y, z", "SELECT * FROM t LATERAL VIEW explode(a) x AS y, z", "SELECT t", "SELECT", "t"},
		{sqltext.ClickHouse, "INSERT INTO FUNCTION s3('secret') SELECT a FROM t ARRAY JOIN b, c", "INSERT INTO FUNCTION s3(?) SELECT a FROM t ARRAY JOIN b, c", "INSERT SELECT t", "INSERT", "t"},
		{sqltext.MySQL, "CREATE PROCEDURE p() FOR i IN a..12 LOOP SELECT i", "CREATE PROCEDURE p() FOR i IN a..? LOOP SELECT i", "CREATE PROCEDURE p", "CREATE PROCEDURE", ""},
		{sqltext.SQLServer, "SELECT TOP (5) * FROM [dbo].[orders] WITH (NOLOCK), #tmp WHERE a = @p1", "SELECT TOP (?) * FROM [dbo].[orders] WITH (NOLOCK), #tmp WHERE a = @p1", "SELECT dbo.orders #tmp", "SELECT", ""},
		{sqltext.MySQL, "REPLACE INTO `db`.`t` VALUES (1)", "REPLACE INTO `db`.`t` VALUES (?)", "REPLACE db.t", "REPLACE", "db.t"},
		{sqltext.SQLite, `INSERT OR REPLACE INTO "t" ("a", "b") VALUES (?, ?1)`, `INSERT OR REPLACE INTO "t" ("a", "b") VALUES (?, ?1)`, "INSERT t", "INSERT", "t"},

		// These entries check that literals and other secret parts are replaced.
		{sqltext.PostgreSQL, "SELECT 'it''s', e'a\\'b', $$x$$, $a$x$a$, t.$$x$$, 0x1F_F, 1_000, -5, a-1, true, x IS TRUE", "SELECT ?, e?, ?, ?, t.?, ?, ?, ?, a-?, ?, x IS TRUE", "SELECT", "SELECT", ""},
		{sqltext.PostgreSQL, "SELECT a/*it's*/, b =--x'y\n c /* a /* b */ c */ FROM t -- 'd", "SELECT a , b = c FROM t", "SELECT t", "SELECT", "t"},
		{sqltext.PostgreSQL, "SELECT * FROM t WHERE a IN (1, 2,3) AND b IN ($1, $2) AND c IN (d, 1)", "SELECT * FROM t WHERE a IN (?) AND b IN ($1) AND c IN (d, ?)", "SELECT t", "SELECT", "t"},
		{sqltext.PostgreSQL, "INSERT INTO t (a, b) VALUES (1, 'x'), (2, now()), (3, 'z') ON CONFLICT (a) DO UPDATE SET b = 4 RETURNING id", "INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT (a) DO UPDATE SET b = ? RETURNING id", "INSERT t", "INSERT", "t"},
		{sqltext.PostgreSQL, "CREATE USER bob PASSWORD 'x'; SELECT 1", "CREATE USER ?; SELECT ?", "CREATE", "CREATE", ""},
		{sqltext.PostgreSQL, "GRANT SELECT ON t TO bob", "GRANT ?", "GRANT", "GRANT", ""},
		{sqltext.PostgreSQL, "SET search_path TO tenant", "SET search_path ?", "SET", "SET", ""},
		{sqltext.SQLite, "PRAGMA key = secret", "PRAGMA key ?", "PRAGMA", "PRAGMA", ""},
		{sqltext.SQLServer, "EXEC sp_help secret, 5", "EXEC sp_help ?", "EXEC sp_help", "EXEC", ""},
		{sqltext.SQLServer, "INSERT INTO t EXEC p secret", "INSERT INTO t EXEC p ?", "INSERT t EXEC p", "INSERT", "t"},
		{sqltext.SQLServer, "DECLARE @r int EXEC @r = p secret", "DECLARE @r int EXEC @r ?", "DECLARE EXEC", "DECLARE", ""},
		{sqltext.SQLServer, "SELECT 1; sp_help secret", "SELECT ?; sp_help ?", "SELECT", "SELECT", ""},
		{sqltext.SQLServer, "EXEC p from secret", "EXEC p ?", "EXEC p", "EXEC", ""},
		{sqltext.SQLServer, "sp_help select, secret from secret", "sp_help ?", "", "", ""},
		{sqltext.SQLServer, "sp_help secret; SELECT 1", "sp_help ?; SELECT ?", "SELECT", "SELECT", ""},
		{sqltext.SQLServer, `SELECT "a"."b", "secret" FROM "t" AS "u" WHERE x = "secret"`, `SELECT "a"."b", ? FROM "t" AS "u" WHERE x = ?`, "SELECT t", "SELECT", "t"},
		{sqltext.SQLServer, `BULK INSERT t FROM "secret"`, "BULK INSERT t FROM ?", "INSERT t", "INSERT", "t"},
		{sqltext.SQLite, `INSERT INTO t VALUES ("secret"), ("secret")`, "INSERT INTO t VALUES (?)", "INSERT t", "INSERT", "t"},
		{sqltext.SQLite, `INSERT INTO t ("a") SELECT b IS NOT DISTINCT FROM "secret" FROM "u", "v"`, `INSERT INTO t ("a") SELECT b IS NOT DISTINCT FROM ? FROM "u", "v"`, "INSERT t SELECT u v", "INSERT", ""},
		{sqltext.SQLite, `VACUUM INTO "secret"`, "VACUUM INTO ?", "VACUUM", "VACUUM", ""},
		{sqltext.SQLite, `ATTACH DATABASE "secret" AS a`, "ATTACH DATABASE ? AS a", "ATTACH", "ATTACH", ""},
		{sqltext.PostgreSQL, "ALTER DATABASE d SET search_path TO tenant", "ALTER DATABASE d SET search_path ?", "ALTER DATABASE d", "ALTER DATABASE", ""},
		{sqltext.PostgreSQL, "ALTER TABLE t ALTER a SET NOT NULL", "ALTER TABLE t ALTER a SET NOT NULL", "ALTER TABLE t", "ALTER TABLE", "t"},
		{sqltext.Other, "PUT secret; SELECT 1", "PUT ?; SELECT ?", "SELECT", "SELECT", ""},
		{sqltext.SQLServer, "SELECT $12.5, N'x', [a]]b 'x]", "SELECT ?, N?, [a]]b 'x]", "SELECT", "SELECT", ""},
		{sqltext.MySQL, "SELECT `a`, \"lit\" FROM t # it's\n WHERE y = 5--1 AND x = 'a\\\\' AND z = 'a\\'b' AND c = d", "SELECT `a`, ? FROM t WHERE y = ?-? AND x = ? AND z = ?", "SELECT t", "SELECT", "t"},
		{sqltext.SQLite, `SELECT "u"."id" FROM "users" AS "u" WHERE "name" = "ada" AND a = 'x\' AND b = 'secret'`, `SELECT "u"."id" FROM "users" AS "u" WHERE ? = ? AND a = ? AND b = ?`, "SELECT users", "SELECT", "users"},
		{sqltext.PostgreSQL, "SELECT 'abc", "SELECT ?", "SELECT", "SELECT", ""},
		{sqltext.PostgreSQL, `SELECT "abc`, "SELECT ?", "SELECT", "SELECT", ""},
		{sqltext.PostgreSQL, "SELECT a /* abc", "SELECT a ?", "SELECT", "SELECT", ""},
		{sqltext.PostgreSQL, "SELECT 1\x00 secret", "SELECT ?", "SELECT", "SELECT", ""},

		// These entries contain texts that have different meanings in different databases.
		{sqltext.PostgreSQL, `SELECT a, 'it\'s secret' FROM t`, "SELECT a, ?", "SELECT", "SELECT", ""},
		{sqltext.PostgreSQL, "SELECT 'C:\\\\', E'it\\'s' FROM t WHERE a LIKE 'b' ESCAPE '\\' AND c = d", "SELECT ?, E? FROM t WHERE a LIKE ? ESCAPE ?", "SELECT t", "SELECT", "t"},
		{sqltext.PostgreSQL, "SELECT a FROM t -- b\rsecret\nWHERE c = d", "SELECT a FROM t ?", "SELECT t", "SELECT", "t"},
		{sqltext.PostgreSQL, "SELECT a FROM t WHERE b = 'K\xe5re' AND c = d", "SELECT a FROM t WHERE b = ?", "SELECT t", "SELECT", "t"},
		{sqltext.PostgreSQL, "SELECT a FROM t WHERE b = ‘secret’", "SELECT a FROM t WHERE b = ?", "SELECT t", "SELECT", "t"},
		{sqltext.MySQL, `SELECT 'C:\' AS p, 'Ola Nordmann'`, "SELECT ?", "SELECT", "SELECT", ""},
		{sqltext.MySQL, `SELECT "C:\" AS p, "Ola Nordmann"`, "SELECT ?", "SELECT", "SELECT", ""},
		{sqltext.MySQL, "SELECT /*!40001 SQL_NO_CACHE */ a /*! 'b */ secret' */ FROM t", "SELECT a ?", "SELECT", "SELECT", ""},
		{sqltext.MySQL, "CREATE FUNCTION f() RETURNS int LANGUAGE JAVASCRIPT AS $$ secret $$", "CREATE FUNCTION f() RETURNS int LANGUAGE JAVASCRIPT AS ?", "CREATE FUNCTION f", "CREATE FUNCTION", ""},
		{sqltext.SQLite, "SELECT $a('b), 'secret'", "SELECT $a?", "SELECT", "SELECT", ""},
		{sqltext.Other, `SELECT 'a\' FROM t WHERE b = 'c'`, "SELECT ?", "SELECT", "SELECT", ""},
		{sqltext.Other, "SELECT name FROM users u WHERE id = 'x' AND a / 2 > 5 AND b IN (:1, ?) -- c\n/* d */ ORDER BY e", "SELECT name FROM users u WHERE id = ? AND a / ? > ? AND b IN (:?, ?) ORDER BY e", "SELECT users", "SELECT", "users"},
		{sqltext.Other, "SELECT `a` FROM `p`.`t` JOIN \"u\" WHERE b = \"secret\" AND c = d", "SELECT ? FROM `p`.`t` JOIN \"u\" WHERE b = ? AND c = d", "SELECT p.t u", "SELECT", ""},
		{sqltext.Other, `SELECT a FROM t WHERE b = """secret""" AND c = d`, "SELECT a FROM t WHERE b = ?", "SELECT t", "SELECT", "t"},
		{sqltext.Other, "SELECT a FROM t WHERE b = c // it's secret", "SELECT a FROM t WHERE b = c ?", "SELECT t", "SELECT", "t"},
		{sqltext.Other, `UPSERT INTO b (KEY "order::ada@x.no", VALUE d) SELECT d FROM c`, "UPSERT INTO b (KEY ?, VALUE d) SELECT d FROM c", "UPSERT b SELECT c", "UPSERT", ""},
		{sqltext.Other, `INSERT INTO b ("k", "v") SELECT d FROM c`, `INSERT INTO b ("k", "v") SELECT d FROM c`, "INSERT b SELECT c", "INSERT", ""},
		{sqltext.Other, "COPY INTO t FROM @stage/secret", "COPY INTO t FROM ?", "COPY t", "COPY", "t"},
		{sqltext.Opaque, "SET secret secret", "", "SET", "SET", ""},
		{sqltext.Oracle, "SELECT * FROM t WHERE name = q'{Ola's ven Kari Nordmann}'", "SELECT * FROM t WHERE name = ?", "SELECT t", "SELECT", "t"},
		{sqltext.Oracle, `SELECT 'C:\', Q'!it's!', nq'[a]b]', s.col#, "a" FROM v$session@db WHERE a = :1 AND b = :b`, `SELECT ?, ?, ?, s.col#, "a" FROM v$session@db WHERE a = :1 AND b = :b`, "SELECT v$session", "SELECT", "v$session"},
		{sqltext.Oracle, `CREATE JAVA SOURCE NAMED a AS class A { String b = "secret"; }`, "CREATE JAVA ?", "CREATE", "CREATE", ""},
		{sqltext.ClickHouse, `INSERT INTO p FORMAT JSONEachRow {"name":"Kari Nordmann"}`, "INSERT INTO p FORMAT ?", "INSERT p", "INSERT", "p"},
		{sqltext.ClickHouse, "INSERT INTO p (format, a) VALUES ('it\\\\', $a$it's$a$)", "INSERT INTO p (format, a) VALUES (?, ?)", "INSERT p", "INSERT", "p"},
		{sqltext.ClickHouse, `SELECT format('{}', a), "b", [1, 'c'], {d:UInt8} FROM t FORMAT JSON`, `SELECT format(?, a), "b", [?, ?], {d:UInt8} FROM t FORMAT JSON`, "SELECT t", "SELECT", "t"},
	} {
		t.Run(test.text, func(t *testing.T) {
			got := sqltext.Analyze(test.dialect, test.text)
			got.Commentable, got.Many = false, false // other tests check these fields
			got.Procedure = ""                       // TestProcedure checks this field
			want := sqltext.Query{Text: test.want, Summary: test.summary, Operation: test.operation, Collection: test.collection}
			if got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestProcedure(t *testing.T) {
	for _, test := range []struct {
		dialect    sqltext.Dialect
		text, want string
	}{
		{sqltext.PostgreSQL, "CALL s.p(1)", "s.p"},
		{sqltext.PostgreSQL, "EXECUTE prepared (1)", ""},
		{sqltext.MySQL, "CALL p(1); CALL q(2)", ""},
		{sqltext.MySQL, "CALL p(1); CALL p(2)", "p"},
		{sqltext.SQLServer, "EXEC [dbo].[p] 1", "dbo.p"},
		{sqltext.SQLServer, "EXECUTE p", "p"},
		{sqltext.SQLServer, "INSERT INTO t EXEC p secret", "p"},
		{sqltext.PostgreSQL, "SELECT p(1) FROM t", ""},
	} {
		if got := sqltext.Analyze(test.dialect, test.text).Procedure; got != test.want {
			t.Errorf("%q calls %q, want %q", test.text, got, test.want)
		}
	}
}

func TestDialectOf(t *testing.T) {
	for system, want := range map[string]sqltext.Dialect{
		"postgresql": sqltext.PostgreSQL, "mariadb": sqltext.MySQL, "sqlite": sqltext.SQLite,
		"microsoft.sql_server": sqltext.SQLServer, "oracle.db": sqltext.Oracle, "clickhouse": sqltext.ClickHouse,
		"redis": sqltext.Opaque, "snowflake": sqltext.Other, "": sqltext.Other,
	} {
		if got := sqltext.DialectOf(system); got != want {
			t.Errorf("%s: got %v, want %v", system, got, want)
		}
	}
}

func TestName(t *testing.T) {
	for text, want := range map[string]string{
		"-- name: GetOrder :one\nSELECT 1": "GetOrder",
		"-- name: GetOrder\nSELECT 1":      "GetOrder",
		"-- name: Get Order secret":        "Get",
		"-- name: 'secret'":                "",
		"-- name: ":                        "",
		"SELECT 1 -- name: GetOrder :one":  "",
	} {
		if got := sqltext.Analyze(sqltext.PostgreSQL, text).Name; got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestCutIsNotInsideAName puts a name with a personal number at every place around the length
// limit.
func TestCutIsNotInsideAName(t *testing.T) {
	const longest = 32 << 10
	for start := longest - 20; start <= longest; start++ {
		begin := "SELECT * FROM "
		text := begin + strings.Repeat("a, ", (start-len(begin))/3) + strings.Repeat(" ", (start-len(begin))%3) + "t_01017012345, b"
		got := sqltext.Analyze(sqltext.PostgreSQL, text).Text
		if strings.Contains(got, "t_") && !strings.Contains(got, "t_01017012345") || len(text) > longest && !strings.HasSuffix(got, " …") {
			t.Errorf("start %d: got ...%s", start, got[len(got)-30:])
		}
	}
}

func TestLengths(t *testing.T) {
	long := "SELECT * FROM " + strings.Repeat("a_long_name_of_a_table, ", 1e5) + "t"
	got := sqltext.Analyze(sqltext.PostgreSQL, long)
	if len(got.Summary) > 255 || len(got.Text) > 33<<10 || !strings.HasSuffix(got.Text, " …") {
		t.Errorf("got a summary of %d bytes and a text of %d bytes", len(got.Summary), len(got.Text))
	}
	wide := "SELECT * FROM " + strings.Repeat("x", 200)
	if got := sqltext.Analyze(sqltext.PostgreSQL, wide); got.Collection != "" {
		t.Errorf("got a collection of %d bytes, want none", len(got.Collection))
	}
}

func TestMany(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "BEGIN": false, "BEGIN;": false, " BEGIN ; ; ": false, "BEGIN; -- comment": false, "/* a */ COMMIT": false,
		"BEGIN; SELECT pg_sleep(1)": true, "COMMIT; SELECT 1": true, "ROLLBACK; VALUES (1)": true, "SELECT ';'": false, "; COMMIT": false,
	} {
		if got := sqltext.Analyze(sqltext.PostgreSQL, text).Many; got != want {
			t.Errorf("%q: Many is %t, want %t", text, got, want)
		}
	}
}
