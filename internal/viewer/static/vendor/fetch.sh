#!/usr/bin/env bash
# Fetches the libraries that README.md lists from the npm registry into this folder.
# npm compares the downloaded packages with the lock file. In an import statement, the
# script replaces the bare name of a module with the name of a file, because a browser
# cannot resolve a bare name without an import map.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/package.json" "$here/package-lock.json" "$work"
cd "$work"
npm ci --silent --ignore-scripts --no-audit --no-fund
modules=$work/node_modules

# add copies a module and the licence of its package.
add() {
	sed -E 's|from ?"preact"|from"./preact.js"|g; s|^//# sourceMappingURL=.*||' "$modules/$2" >"$here/$1.js"
	cp "$modules/$3" "$here/$1.LICENSE.txt"
}
add preact preact/dist/preact.mjs preact/LICENSE
add hooks preact/hooks/dist/hooks.mjs preact/LICENSE
add htm htm/dist/htm.mjs htm/LICENSE
add dagre @dagrejs/dagre/dist/dagre.esm.js @dagrejs/dagre/LICENSE
add uplot uplot/dist/uPlot.esm.js uplot/LICENSE
cp "$modules/uplot/dist/uPlot.min.css" "$here/uplot.css"
