#!/bin/sh
# i386-packages.sh DIRECTORY PACKAGE ...: Debian's packages of i386, unpacked under DIRECTORY.
# of:PACKAGE stands for the first one that PACKAGE depends on: linux-image-686 names no kernel itself.
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
	program=$1
	shift
	"$program" -qq -o APT::Architecture=i386 -o APT::Architectures=i386 \
		-o Dir::State="$directory/apt" -o Dir::State::Lists="$directory/apt/lists" \
		-o Dir::State::status=/dev/null -o Dir::Cache="$directory/apt/cache" \
		-o APT::Sandbox::User= "$@"
}
cd "$directory/deb"
apt apt-get update >"$directory/log" 2>&1 || : # one list of several may be missing
for package; do
	shift
	case $package in
	of:*) package=$(apt apt-cache depends "${package#of:}" | sed -n 's/.*Depends: //p' | head -n 1) ;;
	esac
	set -- "$@" "$package"
done
if ! apt apt-get download "$@" >>"$directory/log" 2>&1; then
	cat "$directory/log" >&2
	echo "i386-packages.sh: cannot be had: $* (of Debian's i386)" >&2
	exit 1
fi
for package in *.deb; do
	dpkg-deb -x "$package" "$directory"
done
rm -rf "$directory/apt" "$directory/deb" "$directory/log"
