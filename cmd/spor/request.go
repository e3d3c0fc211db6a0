package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/net/http/httpguts"
)

const (
	// answerTime is the longest time that spor waits until a port accepts a connection, and then
	// for the whole response to one request.
	answerTime = time.Minute
	// dialInterval is the time between two attempts to connect to a port.
	dialInterval = 50 * time.Millisecond
)

// A request is an HTTP request that spor check sends to the command.
type request struct {
	url    *url.URL
	method string // "" means GET, or POST if there is a body
	header http.Header
	body   *string // nil means no body
}

// requests is the value of the flag --request. The flags --method, --header, --data and --json
// change the last request.
type requests []*request

// register adds the flags to flags.
func (rs *requests) register(flags *pflag.FlagSet) {
	flags.Var(flagFunc(rs.add), "request", "send a request to `URL` as soon as the port of COMMAND accepts connections; the flag can be repeated; "+
		"after the last response, spor ends COMMAND with SIGTERM, or after --for")
	flags.VarP(rs.change((*request).setMethod), "method", "X", "the `METHOD` of the --request before (default GET, or POST if there is a body)")
	flags.VarP(rs.change((*request).setHeader), "header", "H", "a header of the --request before, as `'Name: value'`")
	flags.VarP(rs.change(func(r *request, body string) error {
		return r.setBody(body, "application/x-www-form-urlencoded")
	}), "data", "d", "the `BODY` of the --request before, sent as a form; @FILE reads it from FILE")
	flags.Var(rs.change(func(r *request, body string) error {
		return r.setBody(body, "application/json")
	}), "json", "the `BODY` of the --request before, sent as JSON")
}

// A flagFunc is a flag without a value of its own. The function is called each time that the flag
// is set.
type flagFunc func(value string) error

// String returns "", because the flag has no value.
func (flagFunc) String() string { return "" }

// Set calls the function.
func (f flagFunc) Set(value string) error { return f(value) }

// Type returns the name of the value in the help.
func (flagFunc) Type() string { return "VALUE" }

func (rs *requests) add(text string) error {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return errors.New("want a URL such as http://localhost:8080/orders")
	}
	*rs = append(*rs, &request{url: u, header: http.Header{}})
	return nil
}

// The method change returns a flag that applies set to the last request.
func (rs *requests) change(set func(*request, string) error) flagFunc {
	return func(value string) error {
		if len(*rs) == 0 {
			return errors.New("it must come after the --request that it changes")
		}
		return set((*rs)[len(*rs)-1], value)
	}
}

func (r *request) setMethod(method string) error {
	if !httpguts.ValidHeaderFieldName(method) { // the same characters are allowed in a method
		return errors.New("want a method such as POST")
	}
	r.method = method
	return nil
}

func (r *request) setHeader(field string) error {
	name, value, ok := strings.Cut(field, ":")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if !ok || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
		return errors.New(`want "Name: value"`)
	}
	r.header.Add(name, value)
	return nil
}

// The method setBody sets the body of the request. A body that begins with @ is the name of a
// file.
func (r *request) setBody(body, contentType string) error {
	if name, ok := strings.CutPrefix(body, "@"); ok {
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		body = string(content)
	}
	r.body = &body
	if r.header.Get("Content-Type") == "" {
		r.header.Set("Content-Type", contentType)
	}
	return nil
}

// The method free returns an error if a loopback address of rs already accepts connections. The
// command could not listen there, so that another program would answer.
func (rs requests) free(ctx context.Context) error {
	for _, r := range rs {
		if !r.isLoopback() {
			continue
		}
		if err := r.dial(ctx); err == nil {
			return fmt.Errorf("--request %s: another program already listens on %s (stop it, or use another port)", r.url, r.address())
		}
	}
	return nil
}

// The method send sends the requests, one after the other. It prints the status of each
// response. It returns an error if a request got no response.
func (rs requests) send(ctx context.Context, say func(string)) error {
	for _, r := range rs {
		status, err := r.send(ctx)
		if err != nil {
			return err
		}
		say(r.String() + ": " + status)
	}
	return nil
}

// The method send waits until the port accepts connections. Then it sends the request and reads
// the whole response. Redirects are not followed.
func (r *request) send(ctx context.Context) (status string, err error) {
	if err := r.await(ctx); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	out, err := r.build(ctx)
	if err != nil {
		return "", err
	}
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(out)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return "", fmt.Errorf("%s: the response was cut: %w", r, err)
	}
	return resp.Status, nil
}

func (r *request) await(ctx context.Context) error {
	timed, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	for {
		err := r.dial(timed)
		if err == nil {
			return nil
		}
		select {
		case <-timed.Done():
			if ctx.Err() != nil {
				return fmt.Errorf("%s: the command ended before %s accepted a connection", r, r.address())
			}
			return fmt.Errorf("%s: %s accepted no connection for %v: %w", r, r.address(), answerTime, err)
		case <-time.After(dialInterval):
		}
	}
}

func (r *request) dial(ctx context.Context) error {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", r.address())
	if err != nil {
		return err
	}
	return conn.Close()
}

func (r *request) build(ctx context.Context) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		body = strings.NewReader(*r.body)
	}
	out, err := http.NewRequestWithContext(ctx, r.verb(), r.url.String(), body)
	if err != nil {
		return nil, err
	}
	out.Header = r.header
	out.Host = r.header.Get("Host")
	return out, nil
}

func (r *request) verb() string {
	switch {
	case r.method != "":
		return r.method
	case r.body != nil:
		return http.MethodPost
	}
	return http.MethodGet
}

func (r *request) address() string {
	port := r.url.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[r.url.Scheme]
	}
	return net.JoinHostPort(r.url.Hostname(), port)
}

func (r *request) isLoopback() bool {
	ip := net.ParseIP(r.url.Hostname())
	return r.url.Hostname() == "localhost" || ip.IsLoopback()
}

// The method String returns the method and the URL. A password in the URL is left out.
func (r *request) String() string { return r.verb() + " " + r.url.Redacted() }
