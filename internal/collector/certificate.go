package collector

import (
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/nais/spor/internal/clean"
	"github.com/nais/spor/internal/environ"
)

// wasAsked reports whether text is the error of a connection that the collector refused after
// it had asked for a client certificate.
func wasAsked(text string) bool { return strings.Contains(text, asked) }

// clientCure returns how to correct the client certificate. text is an error that contains
// one of the notes about the client certificate.
func clientCure(text string, e *environ.Endpoint) string {
	variables := e.ClientCertificate.Variable + " and " + e.ClientKey.Variable
	if len(e.TLS.Certificates) == 0 {
		verb := "set "
		if e.ClientCertificate.Path != "" || e.ClientKey.Path != "" {
			verb = "correct "
		}
		return "the collector wants a client certificate: " + verb + variables
	}
	problem := "refuses"
	switch leaf := clientLeaf(e); {
	case strings.Contains(text, "acceptable CA"), strings.Contains(text, "tls: unknown certificate authority"):
		problem = "does not accept the authority of"
	case strings.Contains(text, "tls: expired certificate"), leaf != nil && time.Now().After(leaf.NotAfter):
		return describeClient(e) + " has expired or is not valid yet: renew the files in " + variables +
			", and restart the program"
	}
	return "the collector " + problem + " " + describeClient(e) + ": check " + variables
}

// describeClient describes the client certificate, but not its key.
func describeClient(e *environ.Endpoint) string {
	text := "the client certificate in " + e.ClientCertificate.Path
	if leaf := clientLeaf(e); leaf != nil {
		text += fmt.Sprintf(" (subject %s, issuer %s, valid from %s until %s)", leaf.Subject, leaf.Issuer,
			leaf.NotBefore.UTC().Format(time.RFC3339), leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	return clean.Foreign(text)
}

func clientLeaf(e *environ.Endpoint) *x509.Certificate {
	leaf, err := x509.ParseCertificate(e.TLS.Certificates[0].Certificate[0])
	if err != nil {
		return nil
	}
	return leaf
}

// serverCure returns what to check if a TLS handshake failed with the error text, and the
// client certificate is not the reason.
func serverCure(text string, e *environ.Endpoint) string {
	switch {
	case strings.Contains(text, "unknown authority"):
		return "the collector's certificate is signed by an unknown authority: set " + e.CA.Variable +
			" to a PEM file with the certificate of that authority"
	case strings.Contains(text, "has expired or is not yet valid"):
		return "the collector's certificate or its authority has expired or is not valid yet: renew the collector's certificate, " +
			"check " + e.CA.Variable + ", and compare the clocks"
	case strings.Contains(text, "x509: certificate is valid for"), strings.Contains(text, "x509: certificate is not valid for any names"),
		strings.Contains(text, "x509: cannot validate certificate for"), strings.Contains(text, "tls: unrecognized name"):
		return "the collector's certificate is for another host: write a host name of the certificate in " + e.Variable +
			", or check " + e.CA.Variable
	case strings.Contains(text, "remote error: tls:"):
		return "look for the reason in the collector's own log"
	}
	return "check " + e.CA.Variable + " and the host name in " + e.Variable
}
