package main

import "time"

// standardSuites are the suites of the standard library.
var standardSuites = []*suite{
	{
		name: "net/http", packages: []string{"src/net/http", "src/net/http/httputil"},
		overlays: map[string]string{"src/net/http": "nethttp", "src/net/http/httputil": "httputil", "src/vendor/spor.peers/sporhttp": "sporhttp"},
		edits: []edit{
			{files: "src/net/http/server.go", fn: "serverHandler.ServeHTTP", from: "handler.ServeHTTP", to: "sporHandler(handler).ServeHTTP"},
			{files: "src/net/http/client.go", fn: "Client.transport", rename: "sporTransport"},
			{files: "src/net/http/httputil/reverseproxy.go", fn: "ReverseProxy.ServeHTTP", from: "transport.RoundTrip", to: "sporTransport(transport).RoundTrip"},
			{files: "src/net/http/main_test.go", fn: "TestMain", from: "m.Run()", to: "sporRun(m)"},
		},
		variants: []string{"handler+late", "handler+timing", "handler+options", "client+late", "client+options"},
		args:     []string{"-test.short"},
		skip: map[string]string{
			"TestTransportAndServerSharedBodyRace": "It cancels a request with Transport.CancelRequest (deprecated), which finds only the request that Transport itself was given. A client that is wrapped in any way gives it a copy, and the test waits for ever if the backend was quicker.",
		},
		stall: time.Minute,
		least: 590,
		quick: ".", quickVariants: []string{"handler+late", "client+late"},
	},
	{
		name: "database/sql", packages: []string{"src/database/sql"},
		overlays: map[string]string{"src/database/sql": "databasesql"},
		edits: []edit{
			{files: "src/database/sql/sql.go", fn: "OpenDB", rename: "sporOpenDB"},
			{files: "src/database/sql/sql_test.go", assert: "*fakeConn", to: "sporUnwrap"},
			{files: "src/database/sql/sql_test.go", assert: "*fakeTx", to: "sporUnwrap"},
		},
		variants: []string{"default", "late", "commenter+transactions"},
		least:    140,
		subtests: true,
		stall:    time.Minute,
		quick:    ".",
	},
}
