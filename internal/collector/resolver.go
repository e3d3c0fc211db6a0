package collector

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"

	"google.golang.org/grpc/resolver"
)

const (
	// lookUpPause is the shortest time between two look-ups of a name.
	lookUpPause = 2 * time.Second
	// lookUpTimeout bounds one look-up. It leaves time for a second name server:
	// the first has five seconds by default.
	lookUpTimeout = 12 * time.Second
	// mostLookUps is how many look-ups follow a failed connection. Together they
	// take longer than the time between two attempts to connect, so that the name
	// is looked up until there is a connection.
	mostLookUps = 5
)

// hostBuilder makes resolvers of one host, which look up its addresses and no
// service configuration. gRPC's pick_first tries several addresses at the same
// time. gRPC's own resolver does not serve: it looks a name up every 30 seconds at
// most, and has TXT records looked up by default.
type hostBuilder struct{ host, port string }

func (hostBuilder) Scheme() string { return "collector" }

func (b hostBuilder) Build(_ resolver.Target, conn resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	r := &hostResolver{hostBuilder: b, conn: conn, wanted: make(chan struct{}, 1), done: make(chan struct{})}
	var ctx context.Context
	ctx, r.stop = context.WithCancel(context.Background())
	go func() {
		defer close(r.done)
		r.run(ctx)
	}()
	return r, nil
}

// hostResolver looks up a host when gRPC asks for it, and for a while after that.
// Everything else is for the goroutine of run alone.
type hostResolver struct {
	hostBuilder
	conn   resolver.ClientConn
	wanted chan struct{}
	stop   context.CancelFunc
	done   chan struct{}
	known  []netip.Addr // what conn was given last; nil after an error
}

// ResolveNow implements resolver.Resolver. gRPC calls it when a connection is
// lost, or cannot be made.
func (r *hostResolver) ResolveNow(resolver.ResolveNowOptions) {
	select {
	case r.wanted <- struct{}{}:
	default:
	}
}

// Close implements resolver.Resolver.
func (r *hostResolver) Close() {
	r.stop()
	<-r.done
}

func (r *hostResolver) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var last time.Time
	for left := 1; ; {
		select {
		case <-ctx.Done():
			return
		case <-r.wanted:
			left = mostLookUps
		case <-timer.C:
			r.lookUp(ctx)
			last = time.Now()
			left--
		}
		if left > 0 || r.known == nil {
			timer.Reset(time.Until(last.Add(lookUpPause)))
		}
	}
}

// lookUp gives gRPC the addresses if they have changed: pick_first would begin
// with the first one again. Their order alone is no change.
func (r *hostResolver) lookUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookUpTimeout)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", r.host)
	if err != nil {
		r.known = nil
		r.conn.ReportError(err)
		return
	}
	var state resolver.State
	for i, ip := range found {
		found[i] = ip.Unmap()
		state.Addresses = append(state.Addresses, resolver.Address{Addr: net.JoinHostPort(found[i].String(), r.port)})
	}
	slices.SortFunc(found, netip.Addr.Compare)
	if slices.Equal(found, r.known) {
		return
	}
	r.known = found
	_ = r.conn.UpdateState(state) // it refuses empty lists alone
}
