#!/bin/sh
# i386-packages.sh DIRECTORY PACKAGE ...: Debian's packages of i386, unpacked under DIRECTORY.
#
# With package lists of its own under DIRECTORY, so that nothing is installed and the
# system's list of architectures stays as it is. Where they cannot be had it says so and
# leaves nothing.
set -eu
directory=$1
shift
mkdir -p "$directory/apt/lists/partial" "$directory/apt/cache/archives/partial" "$directory/deb"
directory=$(realpath "$directory")
apt() {
	apt-get -qq -o APT::Architecture=i386 -o APT::Architectures=i386 \
		-o Dir::State="$directory/apt" -o Dir::State::Lists="$directory/apt/lists" \
		-o Dir::State::status=/dev/null -o Dir::Cache="$directory/apt/cache" \
		-o APT::Sandbox::User= "$@"
}
cd "$directory/deb"
apt update >"$directory/log" 2>&1 || : # one list of several may be missing
if ! apt download "$@" >>"$directory/log" 2>&1; then
	cat "$directory/log" >&2
	echo "i386-packages.sh: cannot be had: $* (of Debian's i386)" >&2
	exit 1
fi
for package in *.deb; do
	dpkg-deb -x "$package" "$directory"
done
rm -rf "$directory/apt" "$directory/deb" "$directory/log"
