package sqltest

import (
	"context"
	"database/sql/driver"
	"fmt"
	"sync"
)

// A DB is a database. Its exported fields must be set before the first connection is made.
type DB struct {
	// Conn, Stmt and Rows select the optional interfaces that connections, statements and
	// rows implement.
	Conn ConnSet
	Stmt StmtSet
	Rows RowsSet
	// Hook is called before each operation. If it returns an error, the operation fails
	// with that error.
	Hook func(ctx context.Context, op, query string) error
	// Returned is the number of rows that a query returns.
	Returned int
	// Quiet turns off the log.
	Quiet bool

	mu     sync.Mutex
	log    []string
	opened int
	closed int
}

// Copy returns a new database with the same fields as db, and with an empty log.
func (db *DB) Copy() *DB {
	return &DB{Conn: db.Conn, Stmt: db.Stmt, Rows: db.Rows, Hook: db.Hook, Returned: db.Returned, Quiet: db.Quiet}
}

// Log returns the operations that were logged since the previous call of Log.
func (db *DB) Log() []string {
	db.mu.Lock()
	defer db.mu.Unlock()
	log := db.log
	db.log = nil
	return log
}

// Open returns how many connections are open.
func (db *DB) Open() int {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.opened - db.closed
}

// ConnectorClosed is the operation that is logged when a pool is closed.
const ConnectorClosed = "connector.Close"

func (db *DB) ask(ctx context.Context, op, query string, args ...any) error {
	if !db.Quiet {
		db.mu.Lock()
		db.log = append(db.log, fmt.Sprintf("%s %s %v", op, query, args))
		db.mu.Unlock()
	}
	if db.Hook != nil {
		return db.Hook(ctx, op, query)
	}
	return nil
}

// Connector returns a connector that connects to db.
func (db *DB) Connector() driver.Connector { return &connector{db} }

// A Driver opens connections to its DB. It ignores the data source name.
type Driver struct{ DB *DB }

// Open implements [driver.Driver].
func (d Driver) Open(string) (driver.Conn, error) {
	return d.DB.Connector().Connect(context.Background())
}

type connector struct{ db *DB }

func (c *connector) Driver() driver.Driver { return Driver{c.db} }

func (c *connector) Close() error {
	return c.db.ask(context.Background(), ConnectorClosed, "")
}

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := c.db.ask(ctx, "connector.Connect", ""); err != nil {
		return nil, err
	}
	c.db.mu.Lock()
	c.db.opened++
	c.db.mu.Unlock()
	return conns[c.db.Conn](&Conn{db: c.db}), nil
}
