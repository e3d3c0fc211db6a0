package sqltrace_test

import (
	"context"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/sqltrace"
)

// commented contains query texts. The sign # marks the position where the comment is
// inserted.
var commented = []string{
	"SELECT id FROM orders#",
	"UPDATE orders SET v = 1 WHERE id = 1#;",
	"UPDATE orders SET v = 1 WHERE id = 1 #; \n",
	"UPDATE orders SET v = 1 WHERE id = 1 \n#",
	"DELETE FROM orders#;;",
	"INSERT INTO orders VALUES (';')#;",
	"INSERT INTO orders VALUES ('a;')#",
	"WITH o AS (SELECT 1) SELECT * FROM o#;",
	"REPLACE INTO orders VALUES (1)\t#;\t;",
	"SELECT a FROM orders WHERE b = 'x' \n#;\n",
	"SELECT $1#;",
	// The following texts get no comment, because a comment could change their effect.
	"",
	" ; ",
	";",
	"-- nothing\n;",
	"SELECT 1 -- the last line",
	"SELECT 1; -- the last line",
	"SELECT /*+ INDEX(a) */ 1;",
	"SELECT 1 /*! STRAIGHT_JOIN */;",
	"SELECT ';",
	"SELECT \"a;\" FROM orders;",
	"UPDATE orders SET v = 1; UPDATE orders SET v = 2;",
	"SELECT 1; CREATE PROCEDURE p() SELECT 2",
	"CREATE PROCEDURE p() SELECT 1;",
	"CREATE VIEW v AS SELECT 1",
	"ALTER EVENT e DO DELETE FROM orders;",
	"PREPARE s FROM 'SELECT 1';",
	"LOAD DATA LOCAL INFILE 'x' INTO TABLE orders;",
	"COPY orders FROM STDIN;",
	"DELIMITER //",
	"BEGIN NOT ATOMIC SELECT 1; END;",
	"BEGIN;",
	"SET @a = 1;",
}

// TestCommentChangesNothing checks that the comment is inserted at the sign #, or not at
// all if the text has no such sign. The other parts of the text must not change.
func TestCommentChangesNothing(t *testing.T) {
	t.Cleanup(sqltrace.Forget("github.com/nais/spor/internal/sqltest"))
	for _, system := range []string{"mysql", "postgresql"} {
		for _, marked := range commented {
			text := strings.Replace(marked, "#", "", 1)
			sdk := oteltest.New(t)
			fake := full()
			var said string
			fake.Hook = func(_ context.Context, op, query string) error {
				if op == "conn.ExecContext" {
					said = query
				}
				return nil
			}
			db := open(t, fake.Connector(), options(sdk, sqltrace.WithSQLCommenter(), sqltrace.WithAttributes(attribute.String("db.system.name", system)))...)
			if _, err := db.ExecContext(t.Context(), text); err != nil {
				t.Fatal(err)
			}
			sc := sdk.Only(t).SpanContext()
			comment := " /*traceparent='00-" + sc.TraceID().String() + "-" + sc.SpanID().String() + "-01'*/"
			if want := strings.Replace(marked, "#", comment, 1); said != want {
				t.Errorf("%s: the driver got %q, want %q", system, said, want)
			}
		}
	}
}

// FuzzComment checks that only semicolons and spaces follow the comment. It also checks
// that the original text remains if the comment is removed.
func FuzzComment(f *testing.F) {
	for _, text := range commented {
		f.Add(strings.Replace(text, "#", "", 1))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "traceparent") {
			return
		}
		defer sqltrace.Forget("github.com/nais/spor/internal/sqltest")()
		fake := full()
		var said string
		fake.Hook = func(_ context.Context, op, query string) error {
			if op == "conn.ExecContext" {
				said = query
			}
			return nil
		}
		db := open(t, fake.Connector(), options(oteltest.New(t), sqltrace.WithSQLCommenter(), sqltrace.WithAttributes(attribute.String("db.system.name", "mysql")))...)
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
		before, rest, found := strings.Cut(said, " /*traceparent='")
		if !found {
			if said != text {
				t.Errorf("the driver got %q, want %q", said, text)
			}
			return
		}
		_, after, _ := strings.Cut(rest, "*/")
		if before+after != text || strings.Trim(after, "; \t\n\v\f\r") != "" || strings.HasSuffix(strings.TrimSpace(before), ";") {
			t.Errorf("%q became %q", text, said)
		}
	})
}
