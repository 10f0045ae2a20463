# `pagoda walk`: every command of docs/walk.md prints what stands there; bad options, bad tables; and the tables
# of a running machine lead where QEMU says.
. "$(dirname "$0")/lib.sh"

here=$(dirname "$0")
examples=docs/examples/walk

# documented NAME COMMAND FILE-WITH-OUTPUT
documented() {
	read -r -a words <<<"$2"
	"$pagoda" "${words[@]:1}" >"$work/out" 2>"$work/err"
	local status=$? wanted=0
	grep -qE '^(fault|no memory|page fault)' "$3" && wanted=1
	if [ $status != $wanted ] || [ -s "$work/err" ]; then
		not_ok "$1" "exit status $status, not $wanted: $2: $(err)"
	elif diff "$3" "$work/out" >"$work/diff"; then
		ok "$1"
	else
		not_ok "$1" "$2: $(cat "$work/diff")"
	fi
}
n=0
command=
while IFS= read -r line; do
	case $line in
	'    build/pagoda walk '*)
		command=${line#    }
		: >"$work/wanted"
		;;
	'    '*) [ -n "$command" ] && echo "${line#    }" >>"$work/wanted" ;;
	*)
		if [ -n "$command" ]; then
			n=$((n + 1))
			documented "walk-documented-$n" "$command" "$work/wanted"
		fi
		command=
		;;
	esac
done <docs/walk.md
expect walk-documented-all "$n" "$(grep -c '^    build/pagoda walk ' docs/walk.md)"

# The last line of a walk, with its status in front.
last() { # OPTION...
	"$pagoda" walk "$@" >"$work/out" 2>"$work/err"
	echo "$? $(tail -n 1 "$work/out")"
}
t=(--tables $examples/i386.tables)

# Figures of the other machines.
for figures in '4level:48 bits, 16 unused: 256 TiB in two halves of 128 TiB' \
	'5level:57 bits, 7 unused: 128 PiB in two halves of 64 PiB' \
	'pae:physical addresses of 36 bits: 64 GiB' 'pse:a page of 4 MiB where PS is set in the pgd: offset of 22 bits' \
	'64k:= 4294967296 pages of 64 KiB'; do
	expect_match "walk-figures-${figures%%:*}" "$("$pagoda" walk -m "${figures%%:*}")" "${figures#*:}"
done
expect walk-split-not-canonical "$(last -m 4level 0x800000000000)" \
	'1 fault #GP, error code 0x0: not canonical, bits 63-47 are not all alike'
expect walk-highest "$(last -m 4level 0xffffffffffffffff)" '0   offset 0xfff (bits 11-0)'

# Segments: code by far jump, the LDT, limits by width, privilege, types; a table that is not mapped.
expect walk-code "$(last "${t[@]}" -a exec 0x60:0xc0100123)" '0 physical 0x00100123: frame 256, offset 0x123'
expect walk-ldt "$(last "${t[@]}" -a exec 0x0f:0x08049123)" '0 physical 0x00345123: frame 837, offset 0x123'
expect walk-ldt-limit "$(last "${t[@]}" 0x1f:0)" \
	"1 fault #GP, error code 0x1c: loading the register: the selector is beyond its table's limit"
expect walk-no-ldt "$(last "${t[@]}" --ldt 0 0x0f:0)" '1 fault #GP, error code 0xc: loading the register: there is no LDT'
expect walk-bad-ldt "$(last "${t[@]}" --ldt 0x68 0x0f:0)" \
	"1 fault #GP, error code 0x68: loading LDTR: the descriptor is no LDT's"
expect walk-width-in "$(last "${t[@]}" --bytes 4 0x13:0xffc)" '0 physical 0x00345ffc: frame 837, offset 0xffc'
expect walk-width-out "$(last "${t[@]}" --bytes 4 0x13:0xffd)" \
	'1 fault #GP, error code 0x0: the access: the offset is beyond the limit'
expect walk-down "$(last "${t[@]}" -r ss 0x1b:0x08049000)" '0 physical 0x00345000: frame 837, offset 0x0'
expect walk-null "$(last "${t[@]}" 0:0)" '1 fault #GP, error code 0x0: the access: the register holds no segment'
expect walk-null-stack "$(last "${t[@]}" -r ss 0:0)" '1 fault #GP, error code 0x0: loading the register: SS cannot be null'
expect walk-tss "$(last "${t[@]}" 0x80:0)" \
	"1 fault #GP, error code 0x80: loading the register: a descriptor of the system's is no segment"
expect walk-ring "$(last "${t[@]}" --cpl 0 -a exec 0x73:0)" \
	'1 fault #GP, error code 0x70: loading the register: code of another ring'
expect walk-gdt-unmapped "$(last "${t[@]}" --gdt 0x30000 0x13:0)" \
	'1 fault #PF, error code 0x0: not present, read or fetch, supervisor'
expect walk-index-2 "$(last "${t[@]}" --gdt 0x20000,0x17 --ldt 0 0x13:0)" '0 physical 0x00345000: frame 837, offset 0x0'
printf '%s\n' 'machine 2level' 'gdt 0x20000' '0x20010/8: 0x00409200100000ff' '0x2fff8/8: 0x00409200200000ff' \
	>"$work/real.tables"
expect walk-paging-off "$(last -t "$work/real.tables" 0x10:0x20)" '0 physical 0x00001020: paging is off'
expect walk-last-selector "$(last -t "$work/real.tables" 0xfff8:0x20)" '0 physical 0x00002020: paging is off'

# Across two pages; a page of 8 MiB; a kernel that may not write; a malformed entry and a malformed root of PAE.
expect walk-two-pages "$(last "${t[@]}" --bytes 4 0x08049ffe)" '0 physical 0x00346000: frame 838, offset 0x0'
expect walk-alpha-large "$(last -t $examples/alpha.tables 0x3ffff012345)" '0 physical 0x0000000812345: frame 1033, offset 0x345'
expect walk-write-protect "$(last "${t[@]}" -a write 0x0804a000)" \
	'1 fault #PF, error code 0x3: present, write, supervisor; it may not be written (W is clear)'
printf '%s\n' 'machine pae' 'cr3 0x1000' '0x1000: 0x2001 0 0 0x2003' '0x2000: 0x3000' >"$work/root.tables"
expect walk-pae-root "$(last -t "$work/root.tables" 0x1000)" \
	'1 fault #GP, error code 0x0, when cr3 is loaded: reserved bits are set: 0x2'
printf '%s\n' 'machine pae' 'cr3 0x1000' '0x1000: 0x2001' '0x2000: 0x0010000000003067' >"$work/bad.tables"
expect walk-pae-reserved "$(last -t "$work/bad.tables" 0)" \
	'1 fault #PF, error code 0x9: present, read, supervisor; reserved bits are set: 0x10000000000000'

# Saved pagemaps: of one page each that is there, in swap, untold, absent.
word() { # VALUE: 8 bytes, least first
	local i
	for i in 0 8 16 24 32 40 48 56; do printf "\\x$(printf %02x $(($1 >> i & 255)))"; done
}
word $((1 << 63 | 837)) >"$work/pagemap"
word $((1 << 62 | 5 << 5 | 1)) >>"$work/pagemap"
word $((1 << 63)) >>"$work/pagemap"
word 0 >>"$work/pagemap"
expect walk-pagemap "$(last -m 4level --pagemap "$work/pagemap@0x400000" 0x400abc)" '0 physical 0x345abc: frame 837, offset 0xabc'
expect walk-pagemap-swap "$(last -m 4level --pagemap "$work/pagemap@0x400000" 0x401000)" '1 page fault: in swap area 1, slot 5'
expect walk-pagemap-untold "$(last -m 4level --pagemap "$work/pagemap@0x400000" 0x402000)" \
	'1 the frame was not told: that takes CAP_SYS_ADMIN'
expect walk-pagemap-absent "$(last -m 4level --pagemap "$work/pagemap@0x400000" 0x403000)" '1 page fault: not present'

# What is refused: status 2, one line.
refused() { # NAME REGEXP OPTION...
	local name=$1 pattern=$2
	shift 2
	"$pagoda" walk "$@" >"$work/out" 2>"$work/err"
	local status=$?
	if [ $status != 2 ] || [ "$(wc -l <"$work/err")" != 1 ] || [ -s "$work/out" ]; then
		not_ok "$name" "status $status: $(cat "$work/out" "$work/err")"
	else
		expect_match "$name" "$(err)" "$pattern"
	fi
}
refused walk-usage-machine 'which --machine' 0x1000
refused walk-usage-vax "'vax' is not known" -m vax 0
refused walk-usage-option "'--foo'" --foo
refused walk-usage-number "'ten' is no number" -m pse ten
refused walk-usage-negative "'-1' is no number" -m pse -- -1
refused walk-usage-wide "'0x100000000' is no number" -m pse 0x100000000
refused walk-usage-two 'one address' -m pse 1 2
refused walk-usage-access "'look' is not known" -m pse -a look 0
refused walk-usage-bytes "'17' is no number" -m pse --bytes 17 0
refused walk-usage-file 'No such file' -t "$work/none" 0
refused walk-usage-both 'exclude' "${t[@]}" --dump "$work/root.tables" 0
refused walk-usage-memory 'which memory' -m pse --cr3 0x1000 0
refused walk-usage-gdt 'which table' -t $examples/pse36.tables 0x10:0
refused walk-usage-64 'no selectors' -m 4level 0x10:0
refused walk-usage-segments 'walks nowhere' "${t[@]}" -s 0
refused walk-usage-pagemap-end 'no entry for 0x404000' -m 4level --pagemap "$work/pagemap@0x400000" 0x404000
refused walk-usage-pagemap-first 'no entry for 0x3ff000' -m 4level --pagemap "$work/pagemap@0x400000" 0x3ff000
refused walk-usage-pagemap-none 'takes an address' -m 4level --pagemap "$work/pagemap"
bad_table() { # NAME REGEXP LINE...
	local name=$1 pattern=$2
	shift 2
	printf '%s\n' "$@" >"$work/broken"
	refused "$name" "$pattern" -t "$work/broken" 0
}
bad_table walk-table-word "broken:2: 'cr4' means nothing" '# so' 'cr4 1'
bad_table walk-table-width 'broken:1: how wide' '0x1000: 1'
bad_table walk-table-number "broken:2: '0x1ffffffff' is no number" 'machine pse' '0x1000: 0x1ffffffff'
bad_table walk-table-place 'broken:2: words of 8 bytes do not lie at 0x1004' 'machine pae' '0x1004: 1'
bad_table walk-table-more "broken:1: '2' is one word too many" 'cr3 1 2'
bad_table walk-table-missing 'broken:1: a number is missing' 'cr3'
bad_table walk-table-machine "broken:1: 'vax' is no machine" 'machine vax'

# A running machine, stopped: the code and stack of its program, and the kernel's tables.
"$pagoda" run --timeout 60 --ram 64M "${kernel[@]}" \
	--qemu-args "-chardev socket,id=look,path=$work/monitor,server=on,wait=off -mon look" \
	-- sh -c 'echo begun; while :; do :; done' >"$work/out" 2>"$work/err" &
machine=$!
eventually grep -q begun "$work/out" || not_ok walk-guest "$(cat "$work/out" "$work/err")"
python3 "$here/monitor.py" "$work/monitor" stop 'info registers' "pmemsave 0 0x4000000 \"$work/memory\"" >"$work/registers"
register() { # NAME: of `info registers'
	sed -n "s/.*\<$1= *\([0-9a-f]*\).*/\1/p" "$work/registers" | head -n 1
}
gdt=$(sed -n 's/^GDT= *\([0-9a-f]*\).*/\1/p' "$work/registers")
for place in "rip $(register RIP)" "rsp $(register RSP)" "gdt $gdt" "idt $(sed -n 's/^IDT= *\([0-9a-f]*\).*/\1/p' "$work/registers")"; do
	read -r name address <<<"$place"
	wanted=$(python3 "$here/monitor.py" "$work/monitor" "gva2gpa 0x$address" | sed -n 's/^gpa: 0x//p')
	found=$(last -m 4level --dump "$work/memory" --cr3 "0x$(register CR3)" "0x$address" |
		sed -n 's/^0 physical 0x0*\([0-9a-f]*\):.*/\1/p')
	if [ -n "$wanted" ]; then
		expect "walk-guest-$name" "$found" "$wanted"
	else
		not_ok "walk-guest-$name" "QEMU has no physical address for 0x$address"
	fi
done
kill -TERM $machine
python3 "$here/monitor.py" "$work/monitor" quit >/dev/null 2>&1
wait $machine

# The pagemap of a program in the machine: its first page of code is there, the page before it is not.
guest -- sh -c 'dd if=/proc/self/pagemap bs=8 skip=1023 count=4 2>/dev/null' </dev/null
cp "$work/out" "$work/pages"
expect_match walk-guest-pagemap "$(last -m 4level --pagemap "$work/pages@0x3ff000" 0x400123)" \
	'^0 physical 0x[0-9a-f]+123: frame [0-9]+, offset 0x123'
expect walk-guest-pagemap-absent "$(last -m 4level --pagemap "$work/pages@0x3ff000" 0x3ff123)" '1 page fault: not present'
finish
