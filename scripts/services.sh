#!/usr/bin/env bash
# Installs and runs the servers that the integration tests need, one for each
# file in scripts/services. What they keep is in .tmp/services of the checkout,
# or in the folder named by SPOR_SERVICES_DIR.
#
#   install          install what is missing, with apt-get and, if need be, sudo
#   start [name...]  start those that do not run, and wait until they answer
#   stop  [name...]  stop them
#   restart name...  stop them, and start them where they were
#   status           tell which run
#   env              print what start writes to the file env in that folder
#   clean            stop all, and remove what they kept
#
# A file scripts/services/<name>.sh sets
#
#   variables    the names of the variables that tell tests where the server is;
#                who sets the first runs a server of their own, and none is started
#   packages     Debian packages to install
#   needs        services to start before this one, if any; who runs one of
#                those runs this too
#
# and has functions, which run in a shell of their own with $dir, a folder for
# the service alone that its process may write to:
#
#   installed    whether there is nothing to install
#   install      install what is no Debian package, if there is such a thing
#   start        start the server, as a process that outlives the script; runs
#                only if no process of $dir runs, with a free port in $(port)
#   answers      whether the server answers as it should
#   stop         end the server, and return when it is gone; $pid is its process
#   exports      print NAME=VALUE for each of the variables
#
# The server's output belongs in $dir/log, its process in $dir/pid. What helps:
# have, serve, port, keep_port, password, taken, unprivileged.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
files=$root/scripts/services
link=${SPOR_SERVICES_DIR:-$root/.tmp/services}
[ -e "$link" ] || rm -f "$link" # to what is gone
state=$(readlink -m "$link")    # where servers may enter
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
patience=60 # seconds that a server has to answer
export LC_ALL=C.UTF-8

fail() {
	echo "services: $*" >&2
	exit 1
}

# as_user makes a command run as a user that servers accept: PostgreSQL and
# MariaDB refuse to run as root.
as_user=()
[ "$(id -u)" != 0 ] || as_user=(setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME=/tmp)

unprivileged() { "${as_user[@]}" "$@" 9>&-; }

# serve runs a server in the background, away from the terminal.
serve() { (exec 9>&- && exec "${as_user[@]}" setsid "$@" </dev/null >>"$dir/log" 2>&1) & }

# port prints the port of a service, by default this one.
port() { cat "$state/${1:-$name}.port"; }

# password prints the password of a service, by default this one.
password() {
	local file=$state/${1:-$name}.password
	[ -s "$file" ] || (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$file")
	cat "$file"
}

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# keep_port keeps the port of the last time, if it is free.
keep_port() {
	local file=$state/$name.port number
	number=$(cat "$file" 2>/dev/null || echo)
	while [ -z "$number" ] || taken "$number"; do
		number=$((20000 + RANDOM % 10000)) # below the ports that clients get
	done
	echo "$number" >"$file"
}

# open_state makes the folder of the servers, elsewhere if they may not enter.
open_state() {
	mkdir -p "$(dirname "$state")"
	if [ ! -e "$state" ]; then
		if unprivileged test -x "$(dirname "$state")"; then
			mkdir "$state"
		else
			local elsewhere
			elsewhere=/tmp/spor-services-$(cksum <<<"$state" | cut -d' ' -f1)
			mkdir -p "$elsewhere"
			[ -O "$elsewhere" ] && [ ! -L "$elsewhere" ] || fail "$elsewhere is not ours"
			ln -sfn "$elsewhere" "$link"
			state=$elsewhere
		fi
	fi
	[ -w "$state" ] || fail "$state belongs to another user (remove it)"
	chmod 755 "$state"
	exec 9>"$state/lock"
	flock -w 120 9 || fail "another $0 is busy with $state"
}

# with runs a function of a service.
with() {
	(
		set -e
		name=$1 dir=$state/$1 variables=() packages=() needs=()
		# shellcheck disable=SC1090
		. "$files/$name.sh"
		pid=$(running || true)
		shift
		"$@"
	)
}

names() { (cd "$files" && for file in *.sh; do echo "${file%.sh}"; done); }

# have reports whether every command is installed. `command -v` with several
# names succeeds if it finds one of them.
have() {
	local tool
	for tool; do command -v "$tool" >/dev/null || return 1; done
}

has() { declare -F "$1" >/dev/null; }

# running prints the process of this service. That of the file may be another's by
# now, after a restart of the machine.
running() {
	local process
	process=$(head -n1 "$dir/pid" 2>/dev/null) && [ -n "$process" ] &&
		tr '\0' ' ' 2>/dev/null <"/proc/$process/cmdline" | grep -qF "$dir" && echo "$process"
}

# theirs is whether the user runs a server of their own.
theirs() {
	local variable=${variables[0]}
	[ -n "${!variable:-}" ] && ! grep -qsF "'${!variable}'" "$state/env"
}

missing() { installed || printf '%s\n' "${packages[@]}"; }

install_rest() { installed || ! has install || install; }

start_one() {
	if theirs; then
		echo "services: $name: yours, as ${variables[0]} says"
		return
	fi
	local need
	for need in "${needs[@]}"; do
		if with "$need" theirs; then
			echo "services: $name: not started, since $need is yours"
			return
		fi
		with "$need" start_one
	done
	if [ -z "$pid" ]; then
		installed || fail "$name is not installed (run make services-install, or set ${variables[0]} to one of yours)"
		keep_port
		if [ ! -d "$dir" ]; then
			mkdir -m 700 "$dir"
			[ "$(id -u)" != 0 ] || chown nobody:nogroup "$dir"
		fi
		rm -f "$dir/pid"
		set +e
		(set -e && start)
		local code=$?
		set -e
		[ $code = 0 ] || give_up "did not start"
	fi
	local deadline=$((SECONDS + patience))
	until answers >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || give_up "does not answer after $patience s"
		[ -n "$(running)" ] || [ $SECONDS -lt $((deadline - patience + 10)) ] || give_up "ended"
		sleep 0.1
	done
	echo "services: $name answers on port $(port)"
}

give_up() {
	tail -n 40 "$dir/log" >&2 || true
	fail "$name $1 (see above, and $dir/log)"
}

stop_one() { [ -z "$pid" ] || stop; }

# print_exports prints what a shell that runs the tests should read. What is set
# is left alone.
print_exports() {
	local setting
	theirs || [ -z "$pid" ] && return
	echo "if [ -z \"\${${variables[0]}:-}\" ]; then"
	exports | while read -r setting; do echo "	export ${setting%%=*}='${setting#*=}'"; done
	echo fi
}

print_env() {
	local name
	echo "export SPOR_SERVICES_DIR='$state'"
	for name in $(names); do with "$name" print_exports; done
}

write_env() { (umask 077 && print_env >"$state/env.new" && mv "$state/env.new" "$state/env"); }

print_status() {
	if theirs; then
		echo "$name: yours, as ${variables[0]} says"
	elif [ -n "$pid" ] && answers >/dev/null 2>&1; then
		echo "$name: answers on port $(port)"
	else
		echo "$name: does not run"
	fi
}

install_all() {
	local name wanted sudo
	wanted=$(for name in $(names); do with "$name" missing; done | sort -u)
	if [ -n "$wanted" ]; then
		command -v apt-get >/dev/null || fail "want $(echo $wanted), and there is no apt-get"
		sudo=$([ "$(id -u)" = 0 ] || echo sudo)
		$sudo apt-get update -qq
		# shellcheck disable=SC2086
		$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 $wanted >/dev/null
	fi
	for name in $(names); do with "$name" install_rest; done
}

command=${1:-}
shift || true
[ $# -gt 0 ] || case $command in start | stop | clean) read -rd '' -a all < <(names) || set -- "${all[@]}" ;; esac
for name; do [ -f "$files/$name.sh" ] || fail "no service $name (have $(names | xargs))"; done
case $command in
install) install_all ;;
start)
	open_state
	set +e
	failed=0
	for name; do
		with "$name" start_one
		[ $? = 0 ] || failed=1 # after ||, set -e would not work
	done
	set -e
	write_env
	exit $failed
	;;
stop)
	open_state
	for name; do with "$name" stop_one; done
	write_env
	;;
restart)
	open_state
	for name; do with "$name" stop_one && with "$name" start_one; done
	;;
status) for name in $(names); do with "$name" print_status; done ;;
env) print_env ;;
clean)
	[ -d "$state" ] || exit 0
	open_state
	for name; do with "$name" stop_one; done
	rm -rf "$state" "$link"
	;;
*) fail "usage: $0 install | start [name...] | stop [name...] | restart name... | status | env | clean" ;;
esac
