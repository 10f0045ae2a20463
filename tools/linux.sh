#!/bin/sh
# Debian's Linux kernel, to compare with: fetches its package into DIRECTORY, unless it is there
# already, and prints where the kernel lies.  tools/linux.sh DIRECTORY [x86_64|i386|i386-pae]
# With x86-64's, its modules for virtio disks, which the kernel does not have in itself.
set -eu
dir=$1
kernel() {
	find "$dir" -name 'vmlinuz-*' 2>/dev/null | head -n 1
}
case ${2-} in
i386 | i386-pae)
	if [ -z "$(kernel)" ]; then
		echo "linux.sh: fetching linux-image-686${2#i386}" >&2
		"$(dirname "$0")"/i386-packages.sh "$dir" "of:linux-image-686${2#i386}" >&2
		rm -rf "${dir:?}/lib" "${dir:?}/usr" # modules and texts
	fi
	;;
esac
if [ -z "$(kernel)" ] || { [ "${2-x86_64}" = x86_64 ] && ! [ -d "$dir/lib/modules" ]; }; then
	package=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
	if [ -z "$package" ]; then
		echo "linux.sh: no package linux-image-amd64 is known here; name a kernel with KERNEL=" >&2
		exit 1
	fi
	mkdir -p "$dir"
	echo "linux.sh: fetching $package" >&2
	(cd "$dir" && apt-get download -qq "$package" >&2 && dpkg-deb --fsys-tarfile ./*.deb |
		tar -x --wildcards './boot/vmlinuz-*' './lib/modules/*/drivers/virtio/virtio*' \
			'./lib/modules/*/drivers/block/virtio_blk*' && rm -f ./*.deb)
fi
kernel
