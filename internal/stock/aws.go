package stock

import (
	"net/url"
	"strings"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/internal/environ"
)

// callOfAWS completes a span for a call to one of Amazon's APIs. The method is of the form
// S3/GetObject.
func callOfAWS(d *draft) {
	system := d.text(semconv.RPCSystemNameKey)
	service, operation, found := strings.Cut(d.text(semconv.RPCMethodKey), "/")
	if system == "" || !found {
		return
	}
	d.add(environ.NodeName(strings.ToLower(service), system), "peer.service")
	switch service {
	case "SQS":
		queueInAddress(d)
	case "DynamoDB":
		d.add(operation, semconv.DBOperationNameKey)
		if tables := d.value(semconv.AWSDynamoDBTableNamesKey).AsStringSlice(); len(tables) == 1 {
			d.add(tables[0], semconv.DBCollectionNameKey)
		}
	}
}

// queueInAddress replaces the URL of a queue in server.address by its host, because Nais APM cuts
// the names of nodes at ":". The last part of the URL is the name of the queue.
func queueInAddress(d *draft) {
	if u, err := url.Parse(d.text(semconv.ServerAddressKey)); err == nil && u.Host != "" {
		d.set(u.Hostname(), semconv.ServerAddressKey)
		d.add(u.Path[strings.LastIndexByte(u.Path, '/')+1:], semconv.MessagingDestinationNameKey)
	}
}
