#!/bin/sh
# Debian's Linux kernel, to compare with: fetches its package into DIRECTORY, unless it is there
# already, and prints where the kernel lies.  tools/linux.sh DIRECTORY
set -eu
dir=$1
kernel() {
	find "$dir" -name 'vmlinuz-*' 2>/dev/null | head -n 1
}
if [ -z "$(kernel)" ]; then
	package=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
	if [ -z "$package" ]; then
		echo "linux.sh: no package linux-image-amd64 is known here; name a kernel with KERNEL=" >&2
		exit 1
	fi
	mkdir -p "$dir"
	echo "linux.sh: fetching $package" >&2
	(cd "$dir" && apt-get download -qq "$package" >&2 && dpkg-deb --fsys-tarfile ./*.deb |
		tar -x --wildcards './boot/vmlinuz-*' && rm -f ./*.deb)
fi
kernel
