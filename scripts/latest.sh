#!/usr/bin/env bash
# Tests the root module with the newest version of each direct dependency. The
# floors in go.mod stay as they are.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .tmp
cp go.mod .tmp/latest.mod
cp go.sum .tmp/latest.sum
direct=$(go list -m -f '{{if not (or .Indirect .Main)}}{{.Path}}{{end}}' all)
for module in $direct; do
	# A version that cannot be had is passed over: the floor is tested then.
	go get -modfile=.tmp/latest.mod "$module@latest" || echo "latest: $module stays at its floor"
done
go vet -modfile=.tmp/latest.mod ./...
go test -modfile=.tmp/latest.mod ./...
