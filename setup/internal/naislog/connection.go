package naislog

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"
)

// connection is the one to Team Logs, made when there is something to send.
type connection struct {
	address string
	conn    net.Conn // nil: there is none
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

// closeAtEnd closes conn when the other side does, so that the next write fails
// and is made to a new one.
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

// write writes line to w, which may be the program's and panic.
func write(w io.Writer, line []byte) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("setup: %T panicked: %v", w, value)
		}
	}()
	_, err = w.Write(line)
	return err
}
