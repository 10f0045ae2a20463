#!/bin/sh
# i386-cc.sh musl|glibc ARGUMENT ...: gcc for programs of i386, with the C library that
# tools/i386-packages.sh has unpacked under build/i386-packages. Links statically.
set -eu
libc=$1 root=$(realpath "${I386_PACKAGES:-build/i386-packages}")
shift
gcc=$(gcc -print-file-name=include)
libgcc=$(echo "$root"/usr/lib/gcc/i686-linux-gnu/*)
case $libc in
musl)
	include="-isystem $root/usr/include/i386-linux-musl -isystem $gcc"
	crt=$root/usr/lib/i386-linux-musl
	;;
glibc)
	include="-isystem $gcc -isystem $root/usr/include/i386-linux-gnu -isystem $root/usr/include"
	crt=$root/usr/lib/i386-linux-gnu
	;;
esac
# The kernel's headers, which both want behind their own.
include="$include -idirafter $root/usr/include/i386-linux-gnu -idirafter $root/usr/include"
for argument; do
	case $argument in
	-c | -E | -S) # shellcheck disable=SC2086 # words
		exec gcc -m32 -march=i686 -msse2 -fno-pie -nostdinc $include "$@" ;;
	esac
done
# shellcheck disable=SC2086 # words
exec gcc -m32 -march=i686 -fno-pie -no-pie -nostdinc $include -nostdlib -static \
	"$crt/crt1.o" "$crt/crti.o" "$libgcc/crtbeginT.o" "$@" -L"$crt" -Wl,--start-group -lc \
	"$libgcc/libgcc.a" "$libgcc/libgcc_eh.a" -Wl,--end-group "$libgcc/crtend.o" "$crt/crtn.o"
