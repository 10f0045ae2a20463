#!/bin/sh
# need.sh WHAT=PACKAGE ...: makes sure that what the build uses is here.
#
# WHAT is a command, or an absolute path that must exist; PACKAGE is the Debian
# package that has it. Silent and quick when nothing is missing. On Debian and
# its kin the missing packages are installed by apt-get (with sudo when not
# root); elsewhere they are named and the exit status is 1.
set -u

missing() {
	for pair; do
		what=${pair%%=*}
		case $what in
		/*) [ -e "$what" ] ;;
		*) command -v "$what" >/dev/null 2>&1 ;;
		esac || echo "$pair"
	done
}

lacking=$(missing "$@")
[ -z "$lacking" ] && exit 0

packages=$(for pair in $lacking; do echo "${pair#*=}"; done | sort -u | tr '\n' ' ')
if ! command -v apt-get >/dev/null 2>&1; then
	echo "need.sh: missing: $(for pair in $lacking; do printf '%s ' "${pair%%=*}"; done)" >&2
	echo "need.sh: please install what Debian calls: $packages" >&2
	exit 1
fi

root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null 2>&1; then
		echo "need.sh: please install as root: apt-get install $packages" >&2
		exit 1
	fi
	root=sudo
fi

echo "need.sh: installing $packages" >&2
install() {
	# shellcheck disable=SC2086 # one word a package
	$root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends $packages >"$log" 2>&1
}
log=$(mktemp)
# A fresh system has no package lists, an old one stale lists.
if ! install; then
	$root apt-get update -qq >"$log" 2>&1
	if ! install; then
		cat "$log" >&2
		rm -f "$log"
		echo "need.sh: could not install: $packages" >&2
		exit 1
	fi
fi
rm -f "$log"

lacking=$(missing "$@")
if [ -n "$lacking" ]; then
	echo "need.sh: still missing after installing: $lacking" >&2
	exit 1
fi
