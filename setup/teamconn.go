package setup

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/nais/spor/internal/environ"
)

var errNoTeam = errors.New("the program does not run on NAIS, and has no writer for them (setup.WithTeamLogs)")

// inPod reports whether this is a NAIS pod, which has Team Logs.
func inPod() bool { return environ.Process().OnPlatform() }

// teamConn is the connection to Team Logs, made when there is something to send.
type teamConn struct{ conn net.Conn }

// write writes line to w, or to address where that is nil.
func (c *teamConn) write(w io.Writer, address string, line []byte) error {
	if w != nil {
		return withoutCrash(w, func(w io.Writer) error {
			_, err := w.Write(line)
			return err
		})
	}
	if !inPod() {
		return errNoTeam
	}
	if c.conn == nil {
		conn, err := (&net.Dialer{Timeout: teamPatience}).DialContext(noContext, "tcp", address)
		if err != nil {
			return err
		}
		c.conn = conn
		go closeAtEnd(conn)
	}
	_ = c.conn.SetWriteDeadline(time.Now().Add(teamPatience))
	_, err := c.conn.Write(line)
	if err != nil {
		c.close()
	}
	return err
}

// closeAtEnd closes conn when the other side does, so that the next write fails
// and is made to a new one.
func closeAtEnd(conn net.Conn) {
	_, _ = io.Copy(io.Discard, conn)
	_ = conn.Close()
}

func (c *teamConn) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}
