package dbconf

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Parse returns the database that a data source name of a system tells. It takes
// in what it is sure of: host, port and database, in the forms of the usual
// drivers. Of a name that it cannot read it takes in nothing, since anything in
// there may be a password.
func Parse(system, dsn string) Target {
	t := Target{System: system}
	switch {
	case system == "sqlite":
		return t.file(dsn)
	case strings.Contains(dsn, "://"):
		return t.url(dsn)
	case system == "mysql" || system == "mariadb":
		return t.mysql(dsn)
	case system == "postgresql" || system == "cockroachdb" || system == "aws.redshift":
		return t.keyValues(dsn).environment()
	case system == "microsoft.sql_server":
		return t.semicolons(dsn)
	}
	return t
}

// url reads scheme://user:password@host:port/database?parameters.
func (t Target) url(dsn string) Target {
	if t.System == "sqlite" {
		return t
	}
	u, err := url.Parse(dsn)
	if err != nil || u.Opaque != "" || strings.Contains(dsn[strings.Index(dsn, "://")+3+len(authority(dsn)):], "@") {
		return t // an @ further on: the password was not escaped, and holds a slash
	}
	host, port, namespace := u.Hostname(), u.Port(), strings.TrimPrefix(u.Path, "/")
	query := u.Query()
	if t.System == "microsoft.sql_server" { // the path is an instance
		namespace = query.Get("database")
	}
	if t.System == "postgresql" {
		host = first(host, query.Get("host"))
		port = first(port, query.Get("port"))
		namespace = first(namespace, query.Get("dbname"))
	}
	t = t.at(host, port, namespace)
	if t.System == "postgresql" && host == "" {
		return t.environment()
	}
	return t
}

// authority returns what is between :// and the next slash, question or number
// sign of dsn.
func authority(dsn string) string {
	rest := dsn[strings.Index(dsn, "://")+3:]
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		return rest[:i]
	}
	return rest
}

// mysql reads user:password@protocol(address)/database?parameters.
func (t Target) mysql(dsn string) Target {
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
		return t.at("", "", namespace)
	case !found || !strings.HasSuffix(address, ")") || strings.ContainsAny(protocol, ":="):
		return t
	}
	address = strings.TrimSuffix(address, ")")
	if protocol == "unix" {
		return t.at(address, "", namespace)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = strings.Trim(address, "[]"), ""
	}
	return t.at(host, port, namespace)
}

// semicolons reads server=host,port;database=name;...
func (t Target) semicolons(dsn string) Target {
	values := map[string]string{}
	for pair := range strings.SplitSeq(dsn, ";") {
		key, value, found := strings.Cut(pair, "=")
		if !found && strings.TrimSpace(pair) != "" {
			return t // the rest of a value that was not quoted
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
	return t.at(host, first(port, values["port"]), first(values["database"], values["initial catalog"]))
}

// file reads the name of a file, with or without file: and parameters.
func (t Target) file(dsn string) Target {
	path, _, _ := strings.Cut(strings.TrimPrefix(dsn, "file:"), "?")
	if path == ":memory:" || path == "" {
		return t
	}
	return t.at("", "", filepath.Base(path))
}

// environment fills in what the drivers of PostgreSQL take from the environment.
func (t Target) environment() Target {
	env := Target{System: t.System}.at(os.Getenv("PGHOST"), os.Getenv("PGPORT"), os.Getenv("PGDATABASE"))
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
