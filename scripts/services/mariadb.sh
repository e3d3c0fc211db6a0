# MariaDB. The packages are those without a system service.
variables=(SPOR_MARIADB_DSN)
packages=(mariadb-server-core mariadb-client-core)

installed() { have mariadbd mariadb mariadb-install-db; }

start() {
	if [ ! -d "$dir/data/spor" ]; then
		rm -rf "$dir/data"
		unprivileged mariadb-install-db --no-defaults --datadir="$dir/data" --skip-test-db \
			--auth-root-socket-user="$(unprivileged id -un)" >>"$dir/log" 2>&1
	fi
	unprivileged tee "$dir/init.sql" >/dev/null <<-END
		CREATE DATABASE IF NOT EXISTS spor CHARACTER SET utf8mb4;
		CREATE OR REPLACE USER spor@'%' IDENTIFIED BY '$(password)';
		GRANT ALL ON *.* TO spor@'%';
	END
	serve mariadbd --no-defaults --datadir="$dir/data" --init-file="$dir/init.sql" --pid-file="$dir/pid" \
		--bind-address=127.0.0.1 --port="$(port)" --socket=socket --skip-name-resolve \
		--innodb-flush-log-at-trx-commit=0 --innodb-flush-method=nosync --innodb-buffer-pool-size=32M
}

answers() { MYSQL_PWD=$(password) mariadb --no-defaults -h 127.0.0.1 -P "$(port)" -u spor -e 'SELECT 1' spor; }

stop() {
	kill "$pid"
	while running >/dev/null; do sleep 0.1; done
}

exports() { echo "SPOR_MARIADB_DSN=spor:$(password)@tcp(127.0.0.1:$(port))/spor"; }
