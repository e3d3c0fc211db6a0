# PostgreSQL. Every statement goes to the log, with its comments.
variables=(SPOR_POSTGRES_URL SPOR_POSTGRES_LOG)
packages=(postgresql)

# bin prints the folder of PostgreSQL's programs: the one in the path, or Debian's
# newest.
bin() {
	local initdb
	initdb=$(command -v initdb || printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n1)
	dirname "$(readlink -f "$initdb")"
}

installed() { [ -x "$(bin)/postgres" ] && command -v psql >/dev/null; }

start() {
	if [ ! -s "$dir/data/PG_VERSION" ]; then
		rm -rf "$dir/data"
		password | unprivileged tee "$dir/password" >/dev/null
		unprivileged "$(bin)/initdb" -D "$dir/data" -U spor -E UTF8 --locale=C.UTF-8 --no-sync \
			--auth-host=scram-sha-256 --auth-local=reject --pwfile="$dir/password" >>"$dir/log" 2>&1 || return
	fi
	unprivileged tee "$dir/data/postgresql.conf" >/dev/null <<-END
		listen_addresses = '127.0.0.1'
		port = $(port)
		unix_socket_directories = ''
		external_pid_file = '$dir/pid'
		max_connections = 200
		shared_buffers = 32MB
		fsync = off
		full_page_writes = off
		synchronous_commit = off
		log_destination = 'stderr'
		log_line_prefix = '%m [%p] %a '
		log_statement = 'all'
	END
	unprivileged rm -f "$dir/data/postmaster.pid" # no process of ours runs
	serve "$(bin)/postgres" -D "$dir/data"
}

answers() { PGPASSWORD=$(password) psql -h 127.0.0.1 -p "$(port)" -U spor -d postgres -Atqc 'SELECT 1'; }

stop() {
	kill -INT "$pid" # ends connections
	while running >/dev/null; do sleep 0.1; done
}

exports() {
	echo "SPOR_POSTGRES_URL=postgres://spor:$(password)@127.0.0.1:$(port)/postgres?sslmode=disable"
	echo "SPOR_POSTGRES_LOG=$dir/log"
}
