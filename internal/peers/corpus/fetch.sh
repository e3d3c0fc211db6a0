#!/usr/bin/env bash
# Downloads the sources of the SQL corpora and the Python packages that collect.py needs into
# the directory $1. A source that is already there is not downloaded again. The Debian
# package has no fixed version, because Debian keeps only the newest one.
set -euo pipefail
sqlglot=30.30.0
pglast=8.8

mkdir -p "$1"
cd "$1"

# unpacked NAME COMMAND... runs the command in a new directory, and names the directory NAME
# when the command has succeeded.
unpacked() {
	local name=$1
	shift
	[ -d "$name" ] && return
	rm -rf "$name.part"
	mkdir "$name.part"
	(cd "$name.part" && "$@")
	mv "$name.part" "$name"
}

# The package sqlglotc makes the parser of sqlglot three times as fast.
python_packages() {
	python3 -m pip --disable-pip-version-check install --quiet --root-user-action ignore --target . "sqlglot[c]==$sqlglot" "pglast==$pglast"
}

source_of() {
	python3 -m pip --disable-pip-version-check download --quiet --no-deps --no-binary :all: "$1==$2"
	tar --extract --gzip --strip-components 1 --file "$1-$2.tar.gz"
	rm "$1-$2.tar.gz"
}

mariadb() {
	apt-get download -qq mariadb-test-data
	dpkg-deb --extract mariadb-test-data_*.deb .
	dpkg-deb --field mariadb-test-data_*.deb Version >VERSION
	rm mariadb-test-data_*.deb
}

unpacked python python_packages
unpacked sqlglot source_of sqlglot "$sqlglot"
unpacked pglast source_of pglast "$pglast"
unpacked mariadb mariadb
