# Redis, in memory alone.
variables=(SPOR_REDIS_ADDR)
packages=(redis-server)

installed() { have redis-server redis-cli; }

start() {
	serve redis-server --bind 127.0.0.1 --port "$(port)" --dir "$dir" --pidfile "$dir/pid" --save '' --set-proc-title no
}

answers() { redis-cli -h 127.0.0.1 -p "$(port)" ping; }

stop() {
	kill "$pid"
	while running >/dev/null; do sleep 0.1; done
}

exports() { echo "SPOR_REDIS_ADDR=127.0.0.1:$(port)"; }
