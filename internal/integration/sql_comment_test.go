//go:build integration

package integration

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/sqltrace"
)

// TestMariaCommentChangesNothing checks that statements have the same results with and without
// a comment. The connection allows several statements in one text.
func TestMariaCommentChangesNothing(t *testing.T) {
	config, err := mysql.ParseDSN(service(t, "SPOR_MARIADB_DSN"))
	if err != nil {
		t.Fatal(err)
	}
	for _, interpolate := range []bool{false, true} {
		config.MultiStatements, config.InterpolateParams = true, interpolate
		plain, err := sql.Open("mysql", config.FormatDSN())
		if err != nil {
			t.Fatal(err)
		}
		defer plain.Close()
		want := affected(t, plain)
		sdk := oteltest.New(t)
		traced, err := sqltrace.Open("mysql", config.FormatDSN(), append(sqlOptions(sdk), sqltrace.WithSQLCommenter())...)
		if err != nil {
			t.Fatal(err)
		}
		defer traced.Close()
		if got := affected(t, traced); !slices.Equal(got, want) {
			t.Errorf("interpolate %v: got\n%s\nwant\n%s", interpolate, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func affected(t *testing.T, db *sql.DB) (out []string) {
	t.Helper()
	db.SetMaxOpenConns(1) // because the temporary table belongs to one connection
	for _, statement := range []struct {
		text string
		args []any
	}{
		{"CREATE TEMPORARY TABLE commented (id INT PRIMARY KEY AUTO_INCREMENT, v TEXT);", nil},
		{"INSERT INTO commented (v) VALUES ('a;'), ('b');", nil},
		{"INSERT INTO commented (v) VALUES (?) ; ", []any{"c;"}},
		{"UPDATE commented SET v = 1 WHERE id = 1;", nil},
		{"UPDATE commented SET v = 2 WHERE id = 1", nil},
		{"UPDATE commented SET v = 3 WHERE id = 1; UPDATE commented SET v = 4;", nil},
		{"REPLACE INTO commented VALUES (1, ';');;", nil},
		{"DELETE FROM commented WHERE id = ?;", []any{2}},
		{"", nil},
		{";", nil},
		{"SELECT ';", nil},
		{"CREATE OR REPLACE PROCEDURE spor_commented() SELECT 1;", nil},
		{"SELECT 1; CREATE OR REPLACE PROCEDURE spor_commented2() SELECT 2", nil},
	} {
		result, err := db.ExecContext(t.Context(), statement.text, statement.args...)
		line := fmt.Sprint(statement.text, " ", err)
		if err == nil {
			rows, _ := result.RowsAffected()
			id, _ := result.LastInsertId()
			line += fmt.Sprint(" ", rows, " ", id)
		}
		out = append(out, line)
	}
	for _, name := range []string{"spor_commented", "spor_commented2"} {
		var body string
		if err := db.QueryRowContext(t.Context(), "SELECT routine_definition FROM information_schema.routines WHERE routine_name = ?", name).Scan(&body); err != nil {
			t.Fatal(err)
		}
		out = append(out, body)
		if _, err := db.ExecContext(t.Context(), "DROP PROCEDURE "+name); err != nil {
			t.Fatal(err)
		}
	}
	return out
}
