package viewer

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nais/spor/internal/recording"
)

// DefaultAddr is the address on which a viewer listens if the user does not choose another
// address.
const DefaultAddr = "127.0.0.1:4319"

// A Server serves the pages of the viewer. [Listen] starts a Server. A Server is safe for
// concurrent use.
type Server struct {
	store    *Store
	config   Config
	key      string // the first element of the path of all pages
	listener net.Listener
	hosts    map[string]bool // Host headers that are allowed
	http     http.Server
	watching *watchers
	runs     *runs
	live     atomic.Bool
	ctx      context.Context //nolint:containedctx // Close cancels it, which ends the event streams
	cancel   context.CancelFunc
	closing  sync.Once
}

// Config configures a [Server].
type Config struct {
	// Addr is the address to listen on: a port, or host:port with a loopback host. If it is
	// empty, the server listens on [DefaultAddr]. If the port of DefaultAddr is in use, the
	// server listens on a free port instead.
	Addr string
	// Title is the title of the pages.
	Title string
	// Live means that more telemetry will arrive. [Server.SetLive] can change this later.
	Live bool
	// Runs returns the runs that a page can show instead, the newest first. It may be nil.
	Runs func() ([]Run, error)

	shown string // the ID of the run, or ""
}

// Listen starts a server for store. It does not wait for requests. [Server.Close] ends the
// server. Each server has a new random key, for this reason: after a server has ended, another
// user of the machine may listen on the same port. A page that is still open then sends its old
// key to that user's program.
func Listen(store *Store, c Config) (*Server, error) {
	listener, err := listen(c.Addr)
	if err != nil {
		return nil, err
	}
	s := &Server{store: store, config: c, key: rand.Text(), listener: listener, hosts: hostsOf(listener.Addr()), watching: newWatchers(), runs: &runs{list: c.Runs}}
	s.live.Store(c.Live)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.http = http.Server{
		Handler:           s.guard(s.routes()),
		ReadHeaderTimeout: 10 * time.Second,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return s.ctx },
	}
	go func() { _ = s.http.Serve(listener) }() // Close ends it
	return s, nil
}

// The function listen listens on addr. It returns an error if another machine could reach this
// address.
func listen(addr string) (net.Listener, error) {
	wanted := cmp.Or(addr, DefaultAddr)
	if _, err := strconv.Atoi(wanted); err == nil {
		wanted = ":" + wanted
	}
	tcp, err := net.ResolveTCPAddr("tcp", wanted)
	if err != nil {
		return nil, fmt.Errorf("viewer: address %q: %w (want host:port)", addr, err)
	}
	if tcp.IP == nil {
		tcp.IP = net.IPv4(127, 0, 0, 1)
	}
	if !tcp.IP.IsLoopback() {
		return nil, fmt.Errorf("viewer: address %q is not a loopback address, and other machines must not read the telemetry (want 127.0.0.1:port)", addr)
	}
	tcpListener, err := net.ListenTCP("tcp", tcp)
	if err != nil && addr == "" {
		tcp.Port = 0
		tcpListener, err = net.ListenTCP("tcp", tcp)
	}
	if err != nil {
		return nil, fmt.Errorf("viewer: listen on %q: %w", addr, err)
	}
	return tcpListener, nil
}

// hostsOf returns the values of the Host header that are allowed for addr. With any other
// value, the request may come from a page of another site. That site may have changed its DNS
// name to point to this address (DNS rebinding).
func hostsOf(addr net.Addr) map[string]bool {
	tcp := addr.(*net.TCPAddr)
	hosts := map[string]bool{}
	for _, host := range []string{tcp.IP.String(), "localhost", "127.0.0.1", "::1"} {
		hosts[net.JoinHostPort(host, strconv.Itoa(tcp.Port))] = true
		if tcp.Port == 80 {
			hosts[host] = true
		}
	}
	return hosts
}

// URL returns the address of the first page, including the key.
func (s *Server) URL() string {
	return "http://" + s.listener.Addr().String() + "/" + s.key + "/"
}

// Key returns the random key, which is the first element of the path of all pages.
func (s *Server) Key() string { return s.key }

// SetLive sets whether more telemetry will arrive, and informs the open pages.
func (s *Server) SetLive(live bool) {
	s.live.Store(live)
	s.store.Add(recording.Request{}) // makes the server send the new state to the pages
}

func (s *Server) state() (State, <-chan struct{}) {
	stats, changed := s.store.Stats()
	return State{Stats: stats, Title: s.config.Title, Live: s.live.Load(), Ended: s.config.Live && !s.live.Load()}, changed
}

// Open returns the number of open pages.
func (s *Server) Open() int {
	open, _, _ := s.watching.state()
	return open
}

// WaitClosed first waits until a page has been opened. Then it waits until all pages have been
// closed for three seconds. If ctx ends first, it returns immediately.
func (s *Server) WaitClosed(ctx context.Context) { s.watching.waitClosed(ctx) }

// Close stops the server and closes its connections. If Close is called again, it does nothing.
func (s *Server) Close() {
	s.closing.Do(func() {
		s.cancel()
		_ = s.http.Close()
	})
}

// policy is the Content-Security-Policy of the pages. It allows a page to load only the
// embedded files. If a script from the telemetry gets into a page, the browser does not run the
// script.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// The method guard rejects three kinds of requests: requests with another host name, requests
// without the key in the path, and requests from pages of other sites.
func (s *Server) guard(next http.Handler) http.Handler {
	var origin http.CrossOriginProtection
	next = http.StripPrefix("/"+s.key, origin.Handler(next))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if !s.hosts[strings.ToLower(r.Host)] {
			http.Error(w, "wrong host name (use the link that spor printed)", http.StatusMisdirectedRequest)
			return
		}
		key, _, below := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if !below || subtle.ConstantTimeCompare([]byte(key), []byte(s.key)) != 1 {
			http.Error(w, "not found (use the link that spor printed)", http.StatusNotFound)
			return
		}
		next.ServeHTTP(w, r)
	})
}
