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
	// lookUpPause is the minimum time between two look-ups of a name.
	lookUpPause = 2 * time.Second
	// lookUpTimeout is the maximum time for one look-up. By default, the resolver waits
	// five seconds for the first name server. With 12 seconds, there is still time to ask a
	// second name server.
	lookUpTimeout = 12 * time.Second
	// mostLookUps is the number of look-ups after a failed connection. Together, these
	// look-ups take longer than the time between two attempts to connect. Therefore, the
	// look-ups continue until there is a connection.
	mostLookUps = 5
)

// hostBuilder creates resolvers for one host. The resolvers look up the addresses of the
// host, but no service configuration. gRPC's pick_first balancer tries several of the
// addresses at the same time. gRPC's own DNS resolver is not suitable. It looks up a name
// at most once in 30 seconds, and by default it also looks up TXT records.
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

// hostResolver looks up the addresses of a host. When gRPC calls ResolveNow, it looks them
// up several times. Only the goroutine of the method run uses the field known.
type hostResolver struct {
	hostBuilder
	conn   resolver.ClientConn
	wanted chan struct{}
	stop   context.CancelFunc
	done   chan struct{}
	known  []netip.Addr // the addresses that were last passed to conn; nil after an error
}

// ResolveNow implements resolver.Resolver. gRPC calls it when a connection is lost or
// cannot be made.
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

// lookUp looks up the host, and passes the addresses to gRPC if they have changed. It does
// not pass the same addresses again, because pick_first would then start again with the
// first address. If only the order is different, the addresses have not changed.
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
	_ = r.conn.UpdateState(state) // UpdateState rejects only an empty list
}
