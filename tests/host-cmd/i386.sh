# The i386 machine from outside: its first page tables when they are switched on (SYSTEM.md S16), the
# final ones (S17), and `pagoda walk` in what a running machine's /proc says of itself (S1-S4, S7).
. "$(dirname "$0")/lib.sh"

here=$(dirname "$0")
built=${BUILD:-build}
image=$built/i386/pagoda.elf
if [ ${#kernel[@]} != 0 ]; then
	echo "ok i386 # skip not for other kernels"
	finish
fi

# The last line of a walk, with its status in front.
last() { # OPTION...
	"$pagoda" walk "$@" >"$work/out" 2>"$work/err"
	echo "$? $(tail -n 1 "$work/out")"
}

# --- where things are ---
symbol() {
	nm "$image" | sed -n "s/^\([0-9a-f]*\) [a-zA-Z] $1\$/\1/p"
}
expect i386-swapper-pg-dir "$(symbol swapper_pg_dir)" c0101000
expect i386-pg0 "$(symbol pg0)" c0102000
expect i386-pg1 "$(symbol pg1)" c0103000
expect i386-entry "$(readelf -hW "$image" | sed -n 's/ *Entry point address: *//p')" \
	"$(printf '0x%x' $((0x$(symbol startup_32) - 0xc0000000)))"

# --- the two stages: stopped at the instruction after "paging on", and at start_kernel() ---
qemu-system-i386 -m 64M -display none -vga none -serial none -S -kernel "$image" \
	-gdb "unix:$work/gdb,server=on,wait=off" -mon chardev=look \
	-chardev "socket,id=look,path=$work/monitor,server=on,wait=off" -pidfile "$work/pid" &
machine=$!
eventually test -S "$work/gdb"
stop_at() { # SYMBOL
	timeout 60 gdb -batch -nx -ex 'set confirm off' -ex "target remote $work/gdb" -ex "hbreak *0x$(symbol "$1")" \
		-ex continue -ex 'p/x $pc' -ex disconnect "$image" >"$work/gdb.log" 2>&1 </dev/null
	python3 "$here/monitor.py" "$work/monitor" stop 'info registers' "pmemsave 0 0x1000000 \"$work/memory\"" >"$work/registers"
}
cr3() {
	sed -n 's/.*CR3=\([0-9a-f]*\).*/\1/p' "$work/registers"
}
# Both addresses of a byte of the first stage lead to it.
twice() { # NAME PHYSICAL
	local wanted
	wanted=$(printf '0 physical 0x%08x: frame %u, offset 0x%x' "$2" $(($2 >> 12)) $(($2 & 0xfff)))
	expect "i386-stage1-$1" "$(last -m 2level --dump "$work/memory" --cr3 0x101000 "$2")" "$wanted"
	expect "i386-stage1-$1-high" \
		"$(last -m 2level --dump "$work/memory" --cr3 0x101000 "$(printf '0x%x' $(($2 + 0xc0000000)))")" "$wanted"
}
stop_at high_half
expect i386-stage1-cr3 "$(cr3)" 00101000
twice first 0x0
twice directory 0x00101abc
twice pg1 0x00400000
twice last 0x007fffff
"$pagoda" walk -m 2level --dump "$work/memory" --cr3 0x101000 0xc0500123 >"$work/out"
expect_match i386-stage1-pg1-entry "$(out)" 'pgd   769 .* at 0x00101c04: 0x00103063  table at 0x00103000.*
.*pte   256 .* at 0x00103400: 0x0050006[0-9]  page of 4 KiB at 0x00500000'
for beyond in 0x00800000 0xbfffffff 0xc0800000 0xffffffff; do
	expect "i386-stage1-beyond-$beyond" "$(last -m 2level --dump "$work/memory" --cr3 0x101000 $beyond)" \
		'1 fault #PF, error code 0x0: not present, read or fetch, supervisor'
done
stop_at start_kernel
expect i386-stage2-cr3 "$(cr3)" 00101000
expect i386-stage2-identity-gone "$(last -m pse --dump "$work/memory" --cr3 0x101000 0x00101000)" \
	'1 fault #PF, error code 0x0: not present, read or fetch, supervisor'
"$pagoda" walk -m pse --dump "$work/memory" --cr3 0x101000 0xc0c12345 >"$work/out"
expect_match i386-stage2-large "$(out)" 'page of 4 MiB at 0x00c00000.*
physical 0x00c12345'
expect i386-stage2-text "$(last -m pse --dump "$work/memory" --cr3 0x101000 -a write "0x$(symbol start_kernel)")" \
	'1 fault #PF, error code 0x3: present, write, supervisor; it may not be written (W is clear)'
expect i386-stage2-user "$(last -m pse --dump "$work/memory" --cr3 0x101000 --cpl 3 0xc0000000)" \
	'1 fault #PF, error code 0x5: present, read or fetch, user; a program may not go there (U is clear)'
python3 "$here/monitor.py" "$work/monitor" quit >/dev/null 2>&1
wait $machine

# --- a double fault: the stack is gone, and the gate to a task of its own says so (S4) ---
for model in 2.4 2.2; do
	qemu-system-i386 -m 64M -display none -vga none -serial "file:$work/serial" -S -no-reboot -kernel "$image" \
		-append "console=ttyS0 panic=-1 task_model=$model" -gdb "unix:$work/gdb-$model,server=on,wait=off" &
	machine=$!
	eventually test -S "$work/gdb-$model"
	timeout 60 gdb -batch -nx -ex 'set confirm off' -ex "target remote $work/gdb-$model" \
		-ex "hbreak *0x$(symbol schedule)" -ex continue -ex 'delete' -ex 'set $esp = 0xff7fff10' -ex 'detach' \
		"$image" >"$work/gdb.log" 2>&1 </dev/null
	eventually grep -q 'end Kernel panic' "$work/serial" || kill -KILL $machine
	expect_match "i386-double-fault-$model" "$(cat "$work/serial")" \
		'BUG: (double fault|kernel stack overflow)'
	expect_match "i386-double-fault-$model-where" "$(cat "$work/serial")" 'EIP: 0060:schedule'
	kill $machine 2>/dev/null
	wait $machine
done

# --- a running machine's own words ---
if [ ! -x "$built/guest/init-i386" ]; then
	echo "ok i386-walk # skip make ARCH=i386 has not been run"
	finish
fi
words() { # OPTION...: the tables of a shell, and the frame of its first page of code as its pagemap has it
	guest --arch "$@" -- sh -c 'cat /proc/$$/page_tables
		echo "# frame $(dd if=/proc/$$/pagemap bs=8 skip=$((0x8049)) count=1 2>/dev/null | od -An -tu4 -N4)"
		echo "# ldt $(sed -n "s/.* at linear \(0x[0-9a-f]*\), limit \(0x[0-9a-f]*\).*/\1 \2/p" /proc/$$/ldt)"' </dev/null
	cp "$work/out" "$work/tables"
}
walk_live() { # NAME
	local frame address
	frame=$(sed -n 's/^# frame *//p' "$work/tables")
	address=$(printf '0x%x' $((frame << 12 | 0x123)))
	expect_match "$1-code" "$(last -t "$work/tables" -a exec 0x73:0x08049123)" \
		"^0 physical 0x0*${address#0x}: frame $frame, offset 0x123\$"
	expect_match "$1-directory" "$(last -t "$work/tables" 0x68:0xc0101c00)" '^0 physical 0x0*101c00: '
	expect_match "$1-kernel" "$(last -t "$work/tables" 0x7b:0xc0101c00)" \
		'^1 fault #PF, error code 0x5: present, read( or fetch)?, user; a program may not go there'
	expect "$1-kernel-data" "$(last -t "$work/tables" 0x6b:0)" \
		'1 fault #GP, error code 0x68: loading the register: the DPL is below CPL or RPL'
	expect_match "$1-default-ldt" "$(last -t "$work/tables" -a exec 0x0f:0x08049123)" "^0 physical 0x0*${address#0x}: "
	expect "$1-beyond-ldt" "$(last -t "$work/tables" 0x1f:0)" \
		"1 fault #GP, error code 0x1c: loading the register: the selector is beyond its table's limit"
	"$pagoda" walk -t "$work/tables" --segments >"$work/out"
	expect_match "$1-tss" "$(out)" 'limit 0x000eb G 0 S 0 type 0xb DPL 0 P 1 D/B 0  TSS, busy'
	read -r _ _ base limit <<<"$(grep '^# ldt' "$work/tables")"
	expect "$1-ldt" "$(grep '^LDT' "$work/out")" "LDT at linear $base, limit $limit: 3 entries"
}
words i386 --ram 64M
walk_live i386-walk
words i386-pae --ram 64M
walk_live i386-walk-pae
words i386 --ram 64M --append task_model=2.2
walk_live i386-walk-2.2
finish
