#!/usr/bin/env bash
# Counts the requirements that spor raises in a program with older libraries:
# the modules in the program's go.mod that get a newer version when the program
# imports setup and httptrace, beside those that OpenTelemetry alone raises.
#
#   raises.sh [MOST]    fail if spor raises more than MOST
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# What a program of early 2024 has.
libraries=(
	github.com/IBM/sarama@v1.42.1
	github.com/gin-gonic/gin@v1.9.1
	github.com/go-chi/chi/v5@v5.0.12
	github.com/gorilla/mux@v1.8.0
	github.com/jackc/pgx/v5@v5.5.5
	github.com/labstack/echo/v4@v4.11.4
	github.com/prometheus/client_golang@v1.19.0
	github.com/segmentio/kafka-go@v0.4.46
	github.com/sirupsen/logrus@v1.9.3
	github.com/twmb/franz-go@v1.16.1
	google.golang.org/grpc@v1.62.0
)
stock=(
	go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp
	go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc
	go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc
	go.opentelemetry.io/otel/sdk/metric
	go.opentelemetry.io/otel/sdk/trace
)

# program writes a program that imports the packages given.
program() {
	{
		echo "package main"
		printf 'import _ "%s"\n' "$@"
		echo "func main() {}"
	} >main.go
}

# requirements prints the modules of go.mod with their versions.
requirements() { go mod edit -json | sed -n '/"Require"/,$p' | awk -F'"' '/"Path"/{path=$4} /"Version"/{print path, $4}' | sort; }

# raised prints the modules whose version is not that of the first list.
raised() { join <(cat ../before) <(requirements) | awk '$2 != $3'; }

# with prints what importing packages raises in the program.
with() {
	local name=$1
	shift
	mkdir "$dir/$name"
	cd "$dir/$name"
	cp ../plain/go.* .
	program "${imports[@]}" "$@"
	if [ "$name" = spor ]; then
		go mod edit -require github.com/nais/spor@v0.0.0 -replace "github.com/nais/spor=$root"
	else # at the versions that spor has
		awk '$1 ~ /(otelhttp|otlpmetricgrpc|otlptracegrpc|otel\/sdk|otel\/sdk\/metric)$/ {print "-require=" $1 "@" $2}' "$root/go.mod" | xargs go mod edit
	fi
	go mod tidy 2>/dev/null || go mod tidy
	raised >"$dir/$name.raised"
	echo "== $name raises $(wc -l <"$dir/$name.raised")"
	cat "$dir/$name.raised"
}

imports=()
for library in "${libraries[@]}"; do imports+=("${library%@*}"); done
imports=("${imports[@]/%client_golang/client_golang/prometheus}")
imports=("${imports[@]/%franz-go/franz-go/pkg/kgo}")
mkdir "$dir/plain"
cd "$dir/plain"
go mod init example.com/program 2>/dev/null
for library in "${libraries[@]}"; do go mod edit -require "$library"; done
program "${imports[@]}"
go mod tidy 2>/dev/null || go mod tidy
requirements >../before
with opentelemetry "${stock[@]}"
with spor github.com/nais/spor/setup github.com/nais/spor/httptrace
count=$(wc -l <"$dir/spor.raised")
[ -z "${1:-}" ] || [ "$count" -le "$1" ] || {
	echo "raises: spor raises $count requirements, want at most $1" >&2
	exit 1
}
