#!/bin/sh
# A small world to boot into: Debian's static busybox, its applets as links, an init that
# mounts /proc and friends and gives a shell.  tools/initramfs.sh OUTPUT.cpio.gz
set -eu
out=$1
tools/need.sh /bin/busybox=busybox-static cpio=cpio
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/bin" "$dir/dev" "$dir/proc" "$dir/sys" "$dir/tmp" "$dir/etc" "$dir/root" "$dir/mnt"
cp "$(command -v busybox)" "$dir/bin/busybox"
busybox --list | while read -r applet; do
	[ "$applet" = busybox ] || ln -s busybox "$dir/bin/$applet"
done
cat >"$dir/init" <<'EOF'
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys 2>/dev/null
mount -t devtmpfs dev /dev 2>/dev/null
export PATH=/bin HOME=/root TERM=${TERM:-vt100}
cd /root
tty=$(sed -n 's/.*console=\(ttyS[0-9]\).*/\1/p' /proc/cmdline)
exec setsid sh -c "exec sh </dev/${tty:-ttyS0} >/dev/${tty:-ttyS0} 2>&1"
EOF
chmod +x "$dir/init"
mkdir -p "$(dirname "$out")"
(cd "$dir" && find . | LC_ALL=C sort | cpio -o -H newc --quiet --owner=0:0) | gzip -9n >"$out"
