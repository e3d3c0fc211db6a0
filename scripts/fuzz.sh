#!/usr/bin/env bash
# Runs every fuzz test of the root module, each for the time given.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-60s}
for package in $(go list ./...); do
	for fuzz in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
		echo "== $package $fuzz"
		go test -run '^$' -fuzz "^$fuzz\$" -fuzztime "$time" "$package"
	done
done
