//go:build integration

package integration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/Masterminds/squirrel"
	"github.com/jmoiron/sqlx"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/mysqldialect"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/schema"
	gormmysql "gorm.io/driver/mysql"
	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/nais/spor/internal/integration/shop"
)

// A sqlProgram is a test program. It uses a database through one library, such as gorm.
type sqlProgram struct {
	name string
	run  func(context.Context, *session)
	on   func(database) bool // reports whether the program runs on a database; nil means that it runs on all
	// failing is true if some statements of the program fail. Some of these failed statements
	// are not counted by the server.
	failing bool
}

var sqlPrograms = []sqlProgram{
	{name: "database/sql", run: useStandard},
	{name: "failures", run: useFailures, failing: true},
	{name: "sqlx", run: useSqlx},
	{name: "gorm", run: useGorm, on: isServer},
	{name: "ent", run: useEnt},
	{name: "bun", run: useBun, on: isServer},
	{name: "squirrel", run: useSquirrel},
	{name: "sqlc", run: useSqlc, on: database.isPostgres},
}

func isServer(d database) bool { return d.driver != "sqlite" }

// These texts are in the data, in the arguments and in the literals of the programs. They are
// secret, so they must not be recorded.
const (
	ada, bob, eve = "Ada " + secret, "Bob " + secret, "Eve " + secret
	secretNumber  = 470_011_470
)

// A session is one run of a program. It records the results that the program got.
type session struct {
	database

	t          *testing.T
	db         *sql.DB
	transcript []string
	statements int // number of calls; it is used only for failing programs
}

func (s *session) got(what string, value any, err error) {
	s.transcript = append(s.transcript, what+": "+describe(value)+describeError(err))
	s.statements++
}

// describe returns a text that contains the value, and the types of all parts of the value.
func describe(value any) string {
	var parts []string
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, key+"="+describe(v[key]))
		}
	case []map[string]any:
		for _, row := range v {
			parts = append(parts, describe(row))
		}
	case []any:
		for _, each := range v {
			parts = append(parts, describe(each))
		}
	default:
		return fmt.Sprintf("%T(%+v)", value, value)
	}
	return fmt.Sprintf("%T[%s]", value, strings.Join(parts, " "))
}

// describeError returns an error as text, with the types of all wrapped errors.
func describeError(err error) (text string) {
	for ; err != nil; err = errors.Unwrap(err) {
		text += fmt.Sprintf(" %T(%v)", err, err)
	}
	return text
}

// bind returns the text in query, with the placeholders that the database uses.
func (s *session) bind(query string) string {
	if !s.isPostgres() {
		return query
	}
	parts := strings.Split(query, "?")
	for i := range parts[:len(parts)-1] {
		parts[i] += "$" + strconv.Itoa(i+1)
	}
	return strings.Join(parts, "")
}

func result(r sql.Result, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	n, err := r.RowsAffected()
	return n, err
}

// The function all reads all rows. It returns the values and the types of the columns.
func all(rows *sql.Rows, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	var out []any
	for _, c := range types {
		length, hasLength := c.Length()
		nullable, hasNullable := c.Nullable()
		precision, scale, hasScale := c.DecimalSize()
		out = append(out, fmt.Sprint(c.Name(), c.DatabaseTypeName(), c.ScanType(), length, hasLength, nullable, hasNullable, precision, scale, hasScale))
	}
	for rows.Next() {
		values := make([]any, len(types))
		pointers := make([]any, len(types))
		for i := range values {
			pointers[i] = &values[i]
		}
		if err := rows.Scan(pointers...); err != nil {
			return nil, err
		}
		out = append(out, values)
	}
	return out, rows.Err()
}

const insert = "INSERT INTO orders (id, name, price, quantity, paid, made, data, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

func orders(names ...string) (rows [][]any) {
	for i, name := range names {
		rows = append(rows, []any{i + 1, name, "1234.50", secretNumber + i, i%2 == 0, "2026-01-02 03:04:05", `{"hidden": "` + secret + `"}`, []byte(secret)})
	}
	return append(rows, []any{9, "nothing " + secret, nil, 0, false, nil, nil, nil})
}

func (s *session) fillByHand(ctx context.Context) {
	for _, row := range orders(ada, bob) {
		r, err := result(s.db.ExecContext(ctx, s.bind(insert), row...))
		s.got("insert", r, err)
	}
}

func useStandard(ctx context.Context, s *session) {
	s.fillByHand(ctx)
	values, err := all(s.db.QueryContext(ctx, "SELECT * FROM orders ORDER BY id"))
	s.got("query", values, err)
	values, err = all(s.db.QueryContext(ctx, s.bind("SELECT o.name, count(*) AS n, sum(o.price) FROM orders o JOIN orders p ON p.id = o.id WHERE o.id > ? AND o.name <> 'x"+secret+"' GROUP BY o.name ORDER BY o.name /* "+secret+" */"), 0))
	s.got("query with arguments", values, err)
	var name string
	s.got("row", &name, nil)
	err = s.db.QueryRowContext(ctx, s.bind("SELECT name FROM orders WHERE id = ?"), 1).Scan(&name)
	s.transcript[len(s.transcript)-1] = "row: " + name + describeError(err)

	stmt, err := s.db.PrepareContext(ctx, s.bind("SELECT name FROM orders WHERE quantity = ?"))
	if err != nil {
		s.t.Fatal(err)
	}
	for range 2 {
		values, err = all(stmt.QueryContext(ctx, secretNumber))
		s.got("statement", values, err)
	}
	if err := stmt.Close(); err != nil {
		s.t.Fatal(err)
	}

	for _, end := range []func(*sql.Tx) error{(*sql.Tx).Rollback, (*sql.Tx).Commit} {
		tx, err := s.db.BeginTx(ctx, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		r, err := result(tx.ExecContext(ctx, s.bind("UPDATE orders SET name = ? WHERE id = ?"), eve, 2))
		s.got("in a transaction", r, err)
		if err := end(tx); err != nil {
			s.t.Fatal(err)
		}
	}
	values, err = all(s.db.QueryContext(ctx, "SELECT name FROM orders WHERE id IN (1, 2, "+strconv.Itoa(secretNumber)+") ORDER BY id"))
	s.got("after transactions", values, err)
	if err := s.db.PingContext(ctx); err != nil {
		s.t.Fatal(err)
	}
}

func useFailures(ctx context.Context, s *session) {
	s.fillByHand(ctx)
	r, err := result(s.db.ExecContext(ctx, s.bind(insert), orders(ada)[0]...))
	s.got("the same key", r, err)
	r, err = result(s.db.ExecContext(ctx, s.bind("INSERT INTO orders (id, name, quantity, paid) VALUES (77, ?, 1, ?)"), ada, true))
	s.got("the same name", r, err)
	values, err := all(s.db.QueryContext(ctx, "SELEC '"+secret+"'"))
	s.got("no SQL", values, err)
	values, err = all(s.db.QueryContext(ctx, s.bind("SELECT * FROM nowhere WHERE name = ?"), secret))
	s.got("no table", values, err)
	values, err = all(s.db.QueryContext(ctx, "SELECT CAST(name AS integer) FROM orders WHERE name LIKE '%"+secret+"' ORDER BY id"))
	s.got("no number", values, err)
	if s.isPostgres() {
		values, err = all(s.db.QueryContext(ctx, "SELECT id FROM orders WHERE quantity = $1", secret))
		s.got("no number in an argument", values, err)
		values, err = all(s.db.QueryContext(ctx, "SELECT 1000 / (id - 1) FROM orders ORDER BY id DESC"))
		s.got("an error after rows", values, err)
	}
	var name string
	err = s.db.QueryRowContext(ctx, s.bind("SELECT name FROM orders WHERE id = ?"), 404).Scan(&name)
	s.got("no row", name, err)
}

func useSqlx(ctx context.Context, s *session) {
	type order struct {
		ID       int64
		Name     string
		Price    sql.NullString
		Quantity int32
		Paid     bool
	}
	db := sqlx.NewDb(s.db, s.driver)
	s.fillByHand(ctx)
	var one order
	err := db.GetContext(ctx, &one, db.Rebind("SELECT id, name, price, quantity, paid FROM orders WHERE id = ?"), 1)
	s.got("get", one, err)
	var many []order
	query, args, err := sqlx.In("SELECT id, name, price, quantity, paid FROM orders WHERE id IN (?) ORDER BY id", []int{1, 2, 3, 9})
	if err == nil {
		err = db.SelectContext(ctx, &many, db.Rebind(query), args...)
	}
	s.got("select", many, err)
	r, err := result(db.NamedExecContext(ctx, "UPDATE orders SET name = :name WHERE id = :id", order{ID: 2, Name: eve}))
	s.got("named", r, err)
	row := map[string]any{}
	err = db.QueryRowxContext(ctx, "SELECT * FROM orders WHERE id = 2").MapScan(row)
	s.got("map", row, err)
	values, err := db.QueryRowxContext(ctx, "SELECT * FROM orders WHERE id = 1").SliceScan()
	s.got("slice", values, err)
}

type gormOrder struct {
	ID       int64
	Name     string
	Price    sql.NullString
	Quantity int32
	Paid     bool
	Made     sql.NullTime
}

func (gormOrder) TableName() string { return "orders" }

func useGorm(ctx context.Context, s *session) {
	var dialector gorm.Dialector
	if s.isPostgres() {
		dialector = gormpostgres.New(gormpostgres.Config{Conn: s.db, DriverName: s.driver})
	} else {
		dialector = gormmysql.New(gormmysql.Config{Conn: s.db})
	}
	db, err := gorm.Open(dialector, &gorm.Config{Logger: logger.Discard})
	if err != nil {
		s.t.Fatal(err)
	}
	db = db.WithContext(ctx)
	made := gormOrder{ID: 1, Name: ada, Price: sql.NullString{String: "12.50", Valid: true}, Quantity: secretNumber}
	err = db.Create(&made).Error
	s.got("create", made, err)
	err = db.Create([]gormOrder{{ID: 2, Name: bob}, {ID: 3, Name: eve}}).Error
	s.got("create two", nil, err)
	var first gormOrder
	err = db.Where("name = ?", ada).First(&first).Error
	s.got("first", first, err)
	var none gormOrder
	err = db.First(&none, "name = ?", secret).Error
	s.got("none", none, err)
	row := map[string]any{}
	err = db.Model(&gormOrder{}).Where("id = 1").Take(&row).Error
	s.got("map", row, err)
	var rows []map[string]any
	err = db.Table("orders").Order("id").Find(&rows).Error
	s.got("maps", rows, err)
	r := db.Model(&gormOrder{}).Where("id = ?", 2).Updates(map[string]any{"name": "new " + secret, "paid": true})
	s.got("update", r.RowsAffected, r.Error)
	var names []string
	err = db.Model(&gormOrder{}).Where("id IN ?", []int{1, 2, 3}).Order("id").Pluck("name", &names).Error
	s.got("pluck", names, err)
	r = db.Delete(&gormOrder{}, 3)
	s.got("delete", r.RowsAffected, r.Error)
	err = db.Transaction(func(tx *gorm.DB) error {
		if err := tx.Create(&gormOrder{ID: 4, Name: "x" + secret}).Error; err != nil {
			return err
		}
		return errors.New("undone")
	})
	s.got("transaction", nil, err)
	types, err := db.Migrator().ColumnTypes(&gormOrder{})
	for _, c := range types {
		s.got("type", fmt.Sprint(c.Name(), c.DatabaseTypeName(), c.ScanType()), nil)
	}
	s.got("types", nil, err)
}

func useEnt(ctx context.Context, s *session) {
	of := map[string]string{"pgx": dialect.Postgres, "postgres": dialect.Postgres, "mysql": dialect.MySQL, "sqlite": dialect.SQLite}[s.driver]
	driver := entsql.OpenDB(of, s.db)
	to := entsql.Dialect(of)
	query, args := to.Insert("orders").Columns("id", "name", "quantity", "paid").Values(1, ada, secretNumber, true).Values(2, bob, 2, false).Query()
	var inserted entsql.Result
	err := driver.Exec(ctx, query, args, &inserted)
	r, err := result(inserted, err)
	s.got("insert", r, err)
	query, args = to.Select("id", "name", "price", "quantity").From(to.Table("orders")).Where(entsql.EQ("name", ada)).OrderBy("id").Query()
	var rows entsql.Rows
	err = driver.Query(ctx, query, args, &rows)
	var read []struct {
		ID       int
		Name     string
		Price    sql.NullString
		Quantity int
	}
	if err == nil {
		err = entsql.ScanSlice(&rows, &read)
		rows.Close()
	}
	s.got("select", read, err)
	tx, err := driver.Tx(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	query, args = to.Update("orders").Set("name", eve).Where(entsql.EQ("id", 2)).Query()
	err = tx.Exec(ctx, query, args, &inserted)
	r, err = result(inserted, err)
	s.got("update", r, err)
	if err := tx.Commit(); err != nil {
		s.t.Fatal(err)
	}
	query, args = to.Delete("orders").Where(entsql.EQ("name", eve)).Query()
	err = driver.Exec(ctx, query, args, &inserted)
	r, err = result(inserted, err)
	s.got("delete", r, err)
}

type bunOrder struct {
	bun.BaseModel `bun:"table:orders"`

	ID       int64 `bun:",pk"`
	Name     string
	Price    sql.NullString
	Quantity int32
	Paid     bool
}

// useBun uses bun, which writes arguments as literals into the text.
func useBun(ctx context.Context, s *session) {
	var of schema.Dialect = mysqldialect.New()
	if s.isPostgres() {
		of = pgdialect.New()
	}
	db := bun.NewDB(s.db, of)
	r, err := result(db.NewInsert().Model(&[]bunOrder{{ID: 1, Name: ada, Quantity: secretNumber, Paid: true}, {ID: 2, Name: bob}}).Exec(ctx))
	s.got("insert", r, err)
	var one bunOrder
	err = db.NewSelect().Model(&one).Where("name = ?", ada).Scan(ctx)
	s.got("select", one, err)
	var rows []map[string]any
	err = db.NewSelect().Table("orders").Order("id").Scan(ctx, &rows)
	s.got("maps", rows, err)
	err = db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		r, err := result(tx.NewUpdate().Model((*bunOrder)(nil)).Set("name = ?", eve).Where("id = ?", 2).Exec(ctx))
		s.got("update", r, err)
		return err
	})
	s.transcript = append(s.transcript, "transaction"+describeError(err))
	r, err = result(db.NewDelete().Model((*bunOrder)(nil)).Where("quantity > ?", secretNumber-1).Exec(ctx))
	s.got("delete", r, err)
	n, err := db.NewSelect().Model((*bunOrder)(nil)).Count(ctx)
	s.got("count", n, err)
}

func useSquirrel(ctx context.Context, s *session) {
	build := squirrel.StatementBuilder.RunWith(s.db)
	if s.isPostgres() {
		build = build.PlaceholderFormat(squirrel.Dollar)
	}
	r, err := result(build.Insert("orders").Columns("id", "name", "quantity", "paid").Values(1, ada, secretNumber, true).Values(2, bob, 2, false).ExecContext(ctx))
	s.got("insert", r, err)
	values, err := all(build.Select("*").From("orders").Where(squirrel.Or{squirrel.Eq{"name": []string{ada, bob}}, squirrel.Gt{"quantity": secretNumber}}).OrderBy("id").QueryContext(ctx))
	s.got("select", values, err)
	r, err = result(build.Update("orders").Set("name", eve).Where("id = ?", 2).ExecContext(ctx))
	s.got("update", r, err)
	r, err = result(build.Delete("orders").Where("name = '" + ada + "'").ExecContext(ctx))
	s.got("delete", r, err)
}

func useSqlc(ctx context.Context, s *session) {
	q := shop.New(s.db)
	for i, name := range []string{ada, bob} {
		order, err := q.CreateOrder(ctx, shop.CreateOrderParams{ID: int64(i), Name: name, Quantity: secretNumber, Price: sql.NullString{String: "7.25", Valid: true}})
		s.got("create", order, err)
	}
	order, err := q.GetOrder(ctx, 1)
	s.got("get", order, err)
	order, err = q.GetOrder(ctx, 404)
	s.got("get none", order, err)
	list, err := q.ListOrders(ctx, secretNumber+1)
	s.got("list", list, err)
	paid, err := q.PayOrders(ctx, sql.NullString{String: "9.5", Valid: true})
	s.got("pay", paid, err)
	err = q.DeleteOrder(ctx, 1)
	s.got("delete", nil, err)
}
