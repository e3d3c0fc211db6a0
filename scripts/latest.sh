#!/usr/bin/env bash
# Tests a module with other versions of its dependencies. go.mod stays as it is.
#
#   latest.sh [-C DIR]                      the newest version of every direct dependency
#   latest.sh [-C DIR] MODULE VERSION...    one run per version of MODULE, which tests
#                                           the packages that import it
#
# DIR is the folder of the module, by default the root. A version may be "latest".
# The command fails if a test fails. A version that the Go proxy does not serve
# is named, and fails the command only if it was asked for.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
dir=$root
if [ "${1:-}" = -C ]; then
	dir=$(cd "$2" && pwd)
	shift 2
fi
cd "$dir"
mkdir -p "$root/.tmp"
copy=$root/.tmp/latest-$(basename "$dir").mod
export GOFLAGS=-modfile=$copy

# fresh copies go.mod, so that go get changes the copy alone. A relative
# replacement is resolved from the folder of the copy, so it becomes absolute.
fresh() {
	cp go.mod "$copy"
	cp go.sum "${copy%.mod}.sum"
	local path
	go mod edit -json "$copy" | sed -n 's/.*"Path": "\(\.[^"]*\)".*/\1/p' | while read -r path; do
		sed -i "s|=> $path\$|=> $(cd "$path" && pwd)|" "$copy"
	done
}

# importers lists the packages that import the module, in tests or elsewhere.
importers() {
	go list -f '{{.ImportPath}}{{range .Imports}} {{.}}{{end}}{{range .TestImports}} {{.}}{{end}}{{range .XTestImports}} {{.}}{{end}}' ./... |
		awk -v module="$1" '{ for (i = 2; i <= NF; i++) if ($i == module || index($i, module "/") == 1) { print $1; next } }'
}

if [ $# = 0 ]; then
	fresh
	direct=$(go list -m -f '{{if not (or .Indirect .Main)}}{{.Path}}{{end}}' all)
	for module in $direct; do
		go get "$module@latest" || echo "latest: $module stays at its floor"
	done
	go vet ./...
	go test ./...
	exit
fi

module=$1
shift
[ $# -gt 0 ] || {
	echo "latest: name the versions of $module" >&2
	exit 2
}
fresh
read -rd '' -a packages < <(importers "$module") || true
[ ${#packages[@]} -gt 0 ] || {
	echo "latest: no package of $dir imports $module" >&2
	exit 2
}
failed=()
for version; do
	fresh
	if go get "$module@$version" && go vet "${packages[@]}" && go test -short "${packages[@]}"; then
		echo "latest: $module $version passes"
	else
		failed+=("$version")
	fi
done
[ ${#failed[@]} = 0 ] || {
	echo "latest: $module fails at: ${failed[*]}" >&2
	exit 1
}
