#!/usr/bin/env bash
# Fails when the public API breaks that of the last tag. apidiff itself never
# fails: what it prints decides.
set -euo pipefail
cd "$(dirname "$0")/.."
apidiff=$1
tag=$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null || true)
if [ -z "$tag" ]; then
	echo "api: there is no release yet, nothing to compare with"
	exit 0
fi
mkdir -p .tmp
rm -rf .tmp/api
git worktree add --force --detach .tmp/api "$tag" >/dev/null
trap 'git worktree remove --force .tmp/api' EXIT
(cd .tmp/api && $apidiff -m -w ../old.api github.com/nais/spor)
broken=$($apidiff -m -incompatible .tmp/old.api github.com/nais/spor)
if [ -n "$broken" ]; then
	printf 'api: incompatible with %s:\n%s\n' "$tag" "$broken"
	exit 1
fi
echo "api: compatible with $tag"
