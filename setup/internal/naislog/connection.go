package naislog

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"
)

// connection is the connection to Team Logs. Write opens it when necessary.
type connection struct {
	address string
	conn    net.Conn // nil if not connected
}

// Write writes line to Team Logs.
func (c *connection) Write(line []byte) (int, error) {
	if c.conn == nil {
		conn, err := (&net.Dialer{Timeout: teamTimeout}).DialContext(context.Background(), "tcp", c.address)
		if err != nil {
			return 0, err
		}
		c.conn = conn
		go closeAtEnd(conn)
	}
	_ = c.conn.SetWriteDeadline(time.Now().Add(teamTimeout))
	n, err := c.conn.Write(line)
	if err != nil {
		c.close()
	}
	return n, err
}

// closeAtEnd closes conn when the other side closes it. The next write then fails, and the
// write after that uses a new connection.
func closeAtEnd(conn net.Conn) {
	_, _ = io.Copy(io.Discard, conn)
	_ = conn.Close()
}

func (c *connection) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

// write writes line to w. If w is the program's writer and panics, write returns an error.
func write(w io.Writer, line []byte) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("setup: %T panicked: %v", w, value)
		}
	}()
	_, err = w.Write(line)
	return err
}
