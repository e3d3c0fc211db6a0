package dsn

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/nais/spor/internal/db"
)

// Parse returns the database to which a data source name refers. It reads the host, the
// port and the database in the formats of the common drivers. If it cannot read the data
// source name with certainty, it uses no part of it, because each part may contain a
// password.
func Parse(system, dsn string) db.Target {
	t := db.Target{System: system}
	switch {
	case system == "sqlite":
		return fromFile(t, dsn)
	case strings.Contains(dsn, "://"):
		return fromURL(t, dsn)
	case system == "mysql" || system == "mariadb":
		return fromMySQL(t, dsn)
	case system == "postgresql" || system == "cockroachdb" || system == "aws.redshift":
		return withEnvironment(fromKeyValues(t, dsn))
	case system == "microsoft.sql_server":
		return fromSemicolons(t, dsn)
	}
	return t
}

// fromURL reads scheme://user:password@host:port/database?parameters.
func fromURL(t db.Target, dsn string) db.Target {
	if t.System == "sqlite" {
		return t
	}
	u, err := url.Parse(dsn)
	if err != nil || u.Opaque != "" || strings.Contains(dsn[strings.Index(dsn, "://")+3+len(authority(dsn)):], "@") {
		return t // an @ follows: the password contains an unescaped slash
	}
	host, port, namespace := u.Hostname(), u.Port(), strings.TrimPrefix(u.Path, "/")
	query := u.Query()
	if t.System == "microsoft.sql_server" { // for SQL Server, the path is the name of an instance
		namespace = query.Get("database")
	}
	if t.System == "postgresql" {
		host = first(host, query.Get("host"))
		port = first(port, query.Get("port"))
		namespace = first(namespace, query.Get("dbname"))
	}
	t = t.At(host, port, namespace)
	if t.System == "postgresql" && host == "" {
		return withEnvironment(t)
	}
	return t
}

// authority returns the part of dsn between :// and the next slash, question mark or number
// sign.
func authority(dsn string) string {
	rest := dsn[strings.Index(dsn, "://")+3:]
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		return rest[:i]
	}
	return rest
}

// fromMySQL reads user:password@protocol(address)/database?parameters.
func fromMySQL(t db.Target, dsn string) db.Target {
	slash := strings.LastIndexByte(dsn, '/')
	if slash < 0 {
		return t
	}
	namespace, _, _ := strings.Cut(dsn[slash+1:], "?")
	before := dsn[:slash]
	network := before[strings.LastIndexByte(before, '@')+1:]
	protocol, address, found := strings.Cut(network, "(")
	switch {
	case network == "":
		return t.At("", "", namespace)
	case !found || !strings.HasSuffix(address, ")") || strings.ContainsAny(protocol, ":="):
		return t
	}
	address = strings.TrimSuffix(address, ")")
	if protocol == "unix" {
		return t.At(address, "", namespace)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = strings.Trim(address, "[]"), ""
	}
	return t.At(host, port, namespace)
}

// fromSemicolons reads server=host,port;database=name;...
func fromSemicolons(t db.Target, dsn string) db.Target {
	values := map[string]string{}
	for pair := range strings.SplitSeq(dsn, ";") {
		key, value, found := strings.Cut(pair, "=")
		if !found && strings.TrimSpace(pair) != "" {
			return t // pair is a part of a value that contains an unquoted semicolon
		}
		if strings.ContainsAny(value, "{}'\"") {
			return t
		}
		key = strings.ToLower(strings.TrimSpace(key))
		if _, twice := values[key]; twice {
			return t
		}
		values[key] = strings.TrimSpace(value)
	}
	server := first(values["server"], values["data source"], values["addr"], values["address"])
	server, port, _ := strings.Cut(strings.TrimPrefix(server, "tcp:"), ",")
	host, _, _ := strings.Cut(server, `\`)
	return t.At(host, first(port, values["port"]), first(values["database"], values["initial catalog"]))
}

// fromFile reads the name of a file. The prefix "file:" and parameters may be present or
// missing.
func fromFile(t db.Target, dsn string) db.Target {
	path, _, _ := strings.Cut(strings.TrimPrefix(dsn, "file:"), "?")
	if path == ":memory:" || path == "" {
		return t
	}
	return t.At("", "", filepath.Base(path))
}

// withEnvironment sets the missing fields of t. It reads the same environment variables as
// PostgreSQL drivers do.
func withEnvironment(t db.Target) db.Target {
	env := db.Target{System: t.System}.At(os.Getenv("PGHOST"), os.Getenv("PGPORT"), os.Getenv("PGDATABASE"))
	if t.Address == "" {
		t.Address = env.Address
	}
	if t.Port == 0 && t.Address != "" && t.Address[0] != '/' {
		t.Port = env.Port
	}
	if t.Namespace == "" {
		t.Namespace = env.Namespace
	}
	return t
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
