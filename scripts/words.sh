#!/usr/bin/env bash
# Looks for the words of scripts/words.txt in the comments of Go files and in Markdown
# pages. Prints each place with the word to use instead, and fails if there is any.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
while IFS=$'\t' read -r pattern instead; do
	[[ -z $pattern || $pattern == \#* ]] && continue
	# A comment begins at the start of a line or after white space; a URL does not.
	found=$(
		git grep -nPi "(^|\\s)//.*($pattern)" -- '*.go' ':!*.pb.go' || true
		git grep -nPi "($pattern)" -- '*.md' || true
	)
	if [ -n "$found" ]; then
		status=1
		printf 'use instead: %s\n%s\n\n' "$instead" "$found"
	fi
done <scripts/words.txt
exit $status
