package naislog

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"
)

// connection is the connection to Team Logs. It is opened by the first call of Write, and by the
// first call of Write after the connection has failed.
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

// closeAtEnd waits until the other side closes conn, and then also closes conn. The next
// call of Write then returns an error. The call after that opens a new connection.
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
