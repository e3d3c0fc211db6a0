# PgBouncer before PostgreSQL, pooling by transaction as the platform's poolers
# do.
variables=(SPOR_PGBOUNCER_URL)
packages=(pgbouncer)
needs=(postgres)

installed() { command -v pgbouncer >/dev/null; }

start() {
	unprivileged tee "$dir/users" >/dev/null <<<"\"spor\" \"$(password postgres)\""
	unprivileged tee "$dir/pgbouncer.ini" >/dev/null <<-END
		[databases]
		* = host=127.0.0.1 port=$(port postgres)
		[pgbouncer]
		listen_addr = 127.0.0.1
		listen_port = $(port)
		unix_socket_dir =
		auth_type = scram-sha-256
		auth_file = $dir/users
		pidfile = $dir/pid
		pool_mode = transaction
		default_pool_size = 10
		max_client_conn = 200
		ignore_startup_parameters = extra_float_digits
	END
	serve pgbouncer "$dir/pgbouncer.ini"
}

answers() { PGPASSWORD=$(password postgres) psql -h 127.0.0.1 -p "$(port)" -U spor -d postgres -Atqc 'SELECT 1'; }

stop() {
	kill "$pid"
	while running >/dev/null; do sleep 0.1; done
}

exports() { echo "SPOR_PGBOUNCER_URL=postgres://spor:$(password postgres)@127.0.0.1:$(port)/postgres?sslmode=disable"; }
