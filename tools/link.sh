#!/bin/sh
# Link the kernel twice: the first time without names, to learn where functions lie,
# the second time with the table of names (tools/symbols.py) behind everything they name.
#   tools/link.sh CC kernel.lds OUTPUT OBJECTS...
set -eu
cc=$1 script=$2 out=$3
shift 3
link() {
	$cc -nostdlib -static -Wl,-T,"$script" -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
		-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments "$@"
}
link -o "$out.first" "$@"
nm -n "$out.first" | python3 tools/symbols.py >"$out.symbols.S"
$cc -c -o "$out.symbols.o" "$out.symbols.S"
link -o "$out.second" "$@" "$out.symbols.o"
if [ "$(nm "$out.first" | grep -i ' t ' | sort)" != "$(nm "$out.second" | grep -i ' t ' | sort)" ]; then
	echo "link.sh: functions moved between the two links" >&2
	exit 1
fi
rm -f "$out.first" "$out.symbols.S" "$out.symbols.o"
mv "$out.second" "$out"
