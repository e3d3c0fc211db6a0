#!/usr/bin/env bash
# Installs and starts the servers that the integration tests need. None does
# yet: the tests of HTTP and of setup bring their own collector.
set -euo pipefail
case "${1:-}" in
install) echo "services: no test needs a server of its own yet" ;;
start) echo "services: no test needs a server of its own yet" ;;
*)
	echo "usage: $0 install|start" >&2
	exit 2
	;;
esac
