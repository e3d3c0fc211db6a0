package apm_test

import (
	"slices"
	"testing"

	"github.com/nais/spor/internal/apm"
)

func TestDatabaseThatIsCalledLikeAService(t *testing.T) {
	db := func(pairs ...any) []any { return append([]any{"db.system", "postgresql"}, pairs...) }
	for name, tt := range map[string]struct {
		attrs []any
		want  string
	}{
		"peer.service":           {db("db.name", "x", "peer.service", "pensjon", "server.address", "127.0.0.1"), "peer.service of SELECT a is the name of a service: pensjon"},
		"another service's name": {db("db.name", "x", "peer.service", "mail"), "peer.service of SELECT a is the name of a service: mail"},
		"server.address":         {db("db.name", "x", "server.address", "pensjon"), "server.address of SELECT a is the name of a service: pensjon"},
		"network.peer.address":   {db("network.peer.address", "pensjon"), "network.peer.address of SELECT a is the name of a service: pensjon"},
		"db.name":                {db("db.name", "pensjon"), "db.name of SELECT a is the name of a service: pensjon"},
		"as setup names it":      {db("db.name", "pensjon", "peer.service", "pensjon@postgresql"), ""},
		"behind an address":      {db("db.name", "pensjon", "server.address", "10.0.0.1"), ""},
		"no edge":                {[]any{"db.system.name", "postgresql", "db.namespace", "pensjon"}, ""},
		"no database":            {[]any{"http.request.method", "GET", "peer.service", "pensjon"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			reports := judge(
				traces("pensjon", span(1, 0, server, "GET /a"), span(2, 1, client, "SELECT a", tt.attrs...), span(3, 1, client, "SELECT a", tt.attrs...)),
				traces("mail", span(9, 0, server, "GET /b")))
			i := slices.IndexFunc(reports, func(r apm.Report) bool { return r.Service == "pensjon" })
			found := slices.DeleteFunc(reports[i].Findings, func(f apm.Finding) bool { return f.Kind != apm.NodeName })
			switch {
			case tt.want == "" && len(found) > 0:
				t.Errorf("got %+v, want no finding", found)
			case tt.want != "" && (len(found) != 1 || found[0].Place != tt.want || found[0].Count != 2 || found[0].Cure == "" || reports[i].OK()):
				t.Errorf("got %+v, want %q twice", found, tt.want)
			}
		})
	}
}
