#!/usr/bin/env bash
# Builds the program and downloads its dependencies, unless that has been done for the
# same source files. Prints the folder with the result.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
into=$root/.tmp/jars/peer # make services clean does not delete this folder
if ! diff -rq "$here" "$into/source" >/dev/null 2>&1; then
	rm -rf "$into"
	mvn -q -B -f "$here/pom.xml" -Dinto="$into" compile >&2
	cp -r "$here" "$into/source"
fi
echo "$into"
