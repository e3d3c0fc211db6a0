#!/usr/bin/env bash
# Builds the program, and fetches what it needs, into the folder that it prints,
# unless that was done with the same files.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
into=$root/.tmp/jars/peer # which make services clean leaves alone
if ! diff -rq "$here" "$into/source" >/dev/null 2>&1; then
	rm -rf "$into"
	mvn -q -B -f "$here/pom.xml" -Dinto="$into" compile >&2
	cp -r "$here" "$into/source"
fi
echo "$into"
