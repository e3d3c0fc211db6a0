#!/usr/bin/env bash
# Runs the three example services under spor until Ctrl-C, and draws their traces. If standard
# output is no terminal, or with ONCE=1, the services end after one round of requests.
set -euo pipefail
cd "$(dirname "$0")/.."

database=$(mktemp -d)
trap 'rm -rf "$database"' EXIT
export QUOTES=$PWD/bin/quotes SQLITE_FILE=$database/quotes.db ONCE=${ONCE:+-once}
export BACKEND_ADDRESS=127.0.0.1:5391 WORKER_ADDRESS=127.0.0.1:5392 FAKE_KAFKA_PORT=5393
ui=auto
if [ -n "$ONCE" ] || ! [ -t 1 ]; then
	ONCE=-once ui=off
fi
./bin/spor run --ui=$ui --procfile examples/quotes/Procfile --namespace examples
