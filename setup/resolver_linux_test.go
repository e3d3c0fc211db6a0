package setup_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nais/spor/internal/oteltest"

	"github.com/nais/spor/internal/receiver"
)

// nameServer is a DNS server on loopback. It resolves only collectorName.
type nameServer struct {
	net.PacketConn
	mu        sync.Mutex
	addresses []string
	types     map[uint16]int // the number of queries for each record type
}

const (
	typeA   = 1
	typeTXT = 16
)

// serveName starts a name server that resolves collectorName to these addresses. Until the test
// ends, all name lookups of this process use that server. This affects no other test, because
// the tests do not run in parallel.
func serveName(t *testing.T, addresses ...string) *nameServer {
	t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &nameServer{PacketConn: conn, addresses: addresses, types: map[uint16]int{}}
	served := make(chan struct{})
	go func() {
		defer close(served)
		s.serve()
	}()
	address := conn.LocalAddr().String()
	nameServerAddress.Store(&address)
	t.Cleanup(func() {
		nameServerAddress.Store(nil)
		conn.Close()
		<-served
	})
	return s
}

// nameServerAddress is the address of the name server of the running test, or nil if the test uses
// the name server of the machine.
var nameServerAddress atomic.Pointer[string]

// The resolver of this process is set before any test, because goroutines of an earlier test may
// still read the variable.
func init() {
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if own := nameServerAddress.Load(); own != nil {
			network, address = "udp", *own
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
}

const collectorName = "collector.example"

func (s *nameServer) serve() {
	query := make([]byte, 512)
	for {
		n, from, err := s.ReadFrom(query)
		if err != nil {
			return
		}
		if answer := s.answer(query[:n]); answer != nil {
			_, _ = s.WriteTo(answer, from)
		}
	}
}

// answer returns the response to query, which has one question.
func (s *nameServer) answer(query []byte) []byte {
	const header = 12
	end, name := header, []string{}
	for end < len(query) && query[end] > 0 {
		label := query[end+1 : end+1+int(query[end])]
		name, end = append(name, string(label)), end+1+len(label)
	}
	end += 1 + 4
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := binary.BigEndian.Uint16(query[end-4:])
	answer := append([]byte{query[0], query[1], 0x84, 0, 0, 1, 0, 0, 0, 0, 0, 0}, query[header:end]...)
	switch {
	case strings.Join(name, ".") != collectorName || len(s.addresses) == 0:
		answer[3] = 3 // the response code for an unknown name
		return answer
	case kind != typeA:
		s.types[kind]++
		return answer
	}
	s.types[kind]++
	answer[7] = byte(len(s.addresses))
	for _, address := range s.addresses {
		answer = append(answer, 0xC0, header, 0, typeA, 0, 1, 0, 0, 0, 0, 0, 4)
		answer = append(answer, netip.MustParseAddr(address).AsSlice()...)
	}
	return answer
}

func (s *nameServer) move(addresses ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addresses = addresses
}

func (s *nameServer) asked(kind uint16) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.types[kind]
}

// dead contains functions that make an address unreachable. Each function does it in a different
// way.
var dead = map[string]func(t *testing.T, addr string){
	"refuses":       func(*testing.T, string) {},
	"drops packets": dropPackets,
	"never answers": func(t *testing.T, addr string) {
		t.Helper()
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
	},
}

// dropPackets listens at addr and fills the backlog of the listener, so that the kernel drops
// every SYN packet.
func dropPackets(t *testing.T, addr string) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	to := netip.MustParseAddrPort(addr)
	err = errors.Join(
		syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1),
		syscall.Bind(fd, &syscall.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}),
		syscall.Listen(fd, 0))
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		conn, err := (&net.Dialer{Timeout: 200 * time.Millisecond}).DialContext(t.Context(), "tcp", addr)
		if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
	}
	t.Fatal("the backlog does not become full")
}

// receiveAt starts a collector at the last address, and calls the function kill to make each of
// the other addresses unreachable.
func receiveAt(t *testing.T, kill func(*testing.T, string), addresses ...string) (*receiver.Server, *ids) {
	t.Helper()
	last := len(addresses) - 1
	server, got := receive(t, addresses[last]+":0", accept)
	_, port, _ := net.SplitHostPort(server.Addr())
	for _, address := range addresses[:last] {
		kill(t, net.JoinHostPort(address, port))
	}
	return server, got
}

// The function within checks the duration that the function try returns. The argument most is
// the upper limit. A shared machine can be slow once, so within calls try up to three times. The
// test fails only if all three durations are above the limit.
func within(t *testing.T, most time.Duration, try func() time.Duration) {
	t.Helper()
	var took time.Duration
	for range 3 {
		if took = try(); took <= most {
			return
		}
	}
	t.Errorf("took %s, want at most %s", took, most)
}

func TestNameWithDeadAddresses(t *testing.T) {
	for name, kill := range dead {
		for _, deadOnes := range []int{0, 1, 3} {
			t.Run(fmt.Sprintf("%d of which each %s", deadOnes, name), func(t *testing.T) {
				addresses := []string{"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"}[3-deadOnes:]
				within(t, 3*time.Second, func() time.Duration { return findAlive(t, kill, addresses) })
			})
		}
	}
}

// findAlive exports spans to a name with several addresses. Only the last address can be
// reached. findAlive returns the time until the spans arrive at that address.
func findAlive(t *testing.T, kill func(*testing.T, string), addresses []string) time.Duration {
	t.Helper()
	server, got := receiveAt(t, kill, addresses...)
	names := serveName(t, addresses...)
	exportTo(t, server)
	shutdown := mustStart(t)
	begin := time.Now()
	endSpans(200)
	eventually(t, "the spans", func() bool { return got.count() == 200 })
	took := time.Since(begin)
	if err := shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if n := names.asked(typeTXT); n > 0 {
		t.Errorf("look-ups of TXT records: got %d, want none", n)
	}
	return took
}

// exportTo sets the endpoint. The host of the endpoint is collectorName, and the port is the
// port of server. exportTo returns the log lines.
func exportTo(t *testing.T, server *receiver.Server) *oteltest.Lines {
	t.Helper()
	_, port, _ := net.SplitHostPort(server.Addr())
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+net.JoinHostPort(collectorName, port),
		"OTEL_METRICS_EXPORTER", "none", "OTEL_BSP_SCHEDULE_DELAY", "10")
	return logLines(t)
}

// TestNameThatMoves checks that spans reach a collector whose name gets a new address. In
// each subtest, the old address becomes unreachable in a different way.
func TestNameThatMoves(t *testing.T) {
	for name, kill := range dead {
		t.Run(name, func(t *testing.T) {
			within(t, 5*time.Second, func() time.Duration { return findMoved(t, kill) })
		})
	}
}

// findMoved moves a collector to a new address. It returns the time until spans arrive at that
// address.
func findMoved(t *testing.T, kill func(*testing.T, string)) time.Duration {
	t.Helper()
	server, got := receive(t, "127.0.0.2:0", accept)
	names := serveName(t, "127.0.0.2")
	log := exportTo(t, server)
	shutdown := mustStart(t)
	endSpans(100)
	eventually(t, "the first spans", func() bool { return got.count() == 100 })
	server.Stop()
	kill(t, server.Addr())
	endSpans(100)
	eventually(t, "a line about the loss", func() bool { return log.String() != "" })
	_, port, _ := net.SplitHostPort(server.Addr())
	_, moved := receive(t, "127.0.0.3:"+port, accept)
	names.move("127.0.0.3")
	begin := time.Now()
	// If the first 100 spans are sent again, more than 100 spans arrive.
	eventually(t, "the other spans", func() bool { return moved.count() >= 100 })
	took := time.Since(begin)
	if err := shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	return took
}

// TestNameThatIsUnknownAtFirst checks a collector whose name cannot be resolved at first. When
// the name can be resolved, the spans must arrive.
func TestNameThatIsUnknownAtFirst(t *testing.T) {
	within(t, 5*time.Second, func() time.Duration {
		server, got := receive(t, "127.0.0.2:0", accept)
		names := serveName(t)
		log := exportTo(t, server)
		shutdown := mustStart(t)
		endSpans(100)
		eventually(t, "a line about the name", func() bool { return strings.Contains(log.String(), "no such host") })
		names.move("127.0.0.2")
		begin := time.Now()
		eventually(t, "the spans", func() bool { return got.count() == 100 })
		took := time.Since(begin)
		if err := shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		return took
	})
}
