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

// DefaultAddr is where a viewer listens by default.
const DefaultAddr = "127.0.0.1:4319"

// A Server serves the pages until Close.
type Server struct {
	store    *Store
	config   Config
	key      string // the path below which the pages are
	listener net.Listener
	hosts    map[string]bool // that a request may name
	http     http.Server
	watching watchers
	live     atomic.Bool
	ctx      context.Context //nolint:containedctx // ends with the server, and with it the streams
	cancel   context.CancelFunc
	closing  sync.Once
}

// Config says how to serve.
type Config struct {
	// Addr is where to listen: host:port of a loopback host; none means
	// [DefaultAddr], and a free port when that is taken.
	Addr string
	// Title names what is shown.
	Title string
	// Live is whether telemetry is still to come.
	Live bool
}

// Listen starts to serve store and returns at once. Each server has a new key,
// because another user of the machine may listen on the same port after it has
// ended, and a page that is still open sends its key there.
func Listen(store *Store, c Config) (*Server, error) {
	listener, err := listen(c.Addr)
	if err != nil {
		return nil, err
	}
	s := &Server{store: store, config: c, key: rand.Text(), listener: listener, hosts: hostsOf(listener.Addr()), watching: watchers{changed: make(chan struct{})}}
	s.live.Store(c.Live)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.http = http.Server{
		Handler:           s.guard(s.routes()),
		ReadHeaderTimeout: 10 * time.Second,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return s.ctx },
	}
	go func() { _ = s.http.Serve(listener) }() // ends with Close
	return s, nil
}

// listen listens on addr, which must not be reachable from another machine.
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
		return nil, fmt.Errorf("viewer: address %q is not a loopback address, and telemetry is for this machine's user alone (want 127.0.0.1:port)", addr)
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

// hostsOf returns what browsers may call addr by. Any other name is one that
// somebody else pointed here.
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

// URL returns the address of the first page.
func (s *Server) URL() string {
	return "http://" + s.listener.Addr().String() + "/" + s.key + "/"
}

// Key returns the path below which the pages are.
func (s *Server) Key() string { return s.key }

// SetLive sets whether telemetry is still to come.
func (s *Server) SetLive(live bool) {
	s.live.Store(live)
	s.store.Add(recording.Request{}) // wakes the pages
}

func (s *Server) state() (State, <-chan struct{}) {
	stats, changed := s.store.Stats()
	return State{Stats: stats, Title: s.config.Title, Live: s.live.Load(), Ended: s.config.Live && !s.live.Load()}, changed
}

// Open returns the number of pages that are open.
func (s *Server) Open() int {
	open, _, _ := s.watching.state()
	return open
}

// WaitClosed returns when a page has been open and none is any more, or when
// ctx ends.
func (s *Server) WaitClosed(ctx context.Context) { s.watching.waitClosed(ctx) }

// Close stops serving.
func (s *Server) Close() {
	s.closing.Do(func() {
		s.cancel()
		_ = s.http.Close()
	})
}

// policy lets a page load nothing but what is embedded here, and run no script
// that data holds, by whatever way it got into the page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// guard lets in only requests that name this host and begin with the key, and
// none that a page of another site makes.
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
			http.Error(w, "this host name is not spor's (use the link that it printed)", http.StatusMisdirectedRequest)
			return
		}
		key, _, below := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if !below || subtle.ConstantTimeCompare([]byte(key), []byte(s.key)) != 1 {
			http.Error(w, "nothing here (use the link that spor printed)", http.StatusNotFound)
			return
		}
		next.ServeHTTP(w, r)
	})
}
