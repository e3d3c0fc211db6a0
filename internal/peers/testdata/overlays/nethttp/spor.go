package http

// SporHandler wraps the handler of every server, and SporTransport the transport of every
// client. Both may be nil.
var (
	SporHandler   func(Handler) Handler
	SporTransport func(RoundTripper) RoundTripper
)

func sporHandler(h Handler) Handler {
	if SporHandler == nil {
		return h
	}
	return SporHandler(h)
}

// transport takes the place of the client's own method.
func (c *Client) transport() RoundTripper {
	if SporTransport == nil {
		return c.sporTransport()
	}
	return SporTransport(c.sporTransport())
}
