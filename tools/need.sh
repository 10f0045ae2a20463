#!/bin/sh
# Have commands at hand: tools/need.sh COMMAND:PACKAGE... installs the Debian packages of
# those that are missing; --install PACKAGE... installs in any case.
set -eu
missing=
if [ "$1" = --install ]; then
	shift
	missing="$*"
else
	for pair in "$@"; do
		command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
	done
fi
[ -z "$missing" ] && exit 0
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
echo "installing$missing" >&2
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null
