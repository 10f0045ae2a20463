#!/bin/sh
# Make a CD image that GRUB boots on a PC: tools/iso.sh OUTPUT KERNEL INITRD COMMAND-LINE
set -eu
out=$1 kernel=$2 initrd=$3 cmdline=$4
tools/need.sh grub-mkrescue=grub-common /usr/lib/grub/i386-pc=grub-pc-bin xorriso=xorriso mformat=mtools
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/boot/grub"
cp "$kernel" "$dir/boot/pagoda.elf"
strip --strip-debug "$dir/boot/pagoda.elf"
cp "$initrd" "$dir/boot/initrd"
cat >"$dir/boot/grub/grub.cfg" <<EOF
serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
set timeout=1
menuentry "Pagoda" {
	multiboot2 /boot/pagoda.elf $cmdline
	module2 /boot/initrd
}
EOF
grub-mkrescue -o "$out" "$dir" >"$dir/log" 2>&1 || {
	cat "$dir/log" >&2
	exit 1
}
