# `pagoda run --gdb', `pagoda gdb' and the commands `pg': in a machine that a debugger has stopped,
# gdb says the same as /proc had said just before.
. "$(dirname "$0")/lib.sh"

[ -n "${KERNEL-}" ] && { echo "# gdb: only with our own kernel"; finish; }
build=${BUILD:-build}
tools/need.sh gdb=gdb || exit

cat >"$work/commands" <<'GDB'
set width 0
hbreak entry_getppid
continue
echo == buddy\n
pg buddy
echo == meminfo\n
pg meminfo
echo == maps\n
pg vmas
echo == slab\n
pg slab
echo == tasks\n
pg tasks
echo == calls\n
pg bt all
echo == here\n
backtrace
echo == walk\n
pg tables 0x400000
echo == head\n
x/8xb 0x400000
python
import re
walk = gdb.execute("pg tables 0x400000", to_string=True)
frame = re.findall(r"pte.* frame (0x[0-9a-f]+)", walk)[0]
print("== page")
gdb.execute("pg page " + frame)
print("== table")
gdb.execute("pg page " + re.findall(r"pmd.* frame (0x[0-9a-f]+)", walk)[0])
print("== content")
gdb.execute("pg dump " + frame + " 0 8")
print("== print")
gdb.execute("print *$page(%s)" % frame)
gdb.execute("print $vma(%s, 0x400000)->vm_start" % re.findall(r"task (\d+)", walk)[0])
end
echo == zone\n
pg buddy 0 DMA32
echo == zones\n
pg zones
echo == cache\n
pg slab mm_struct
echo == log\n
pg dmesg
echo == events\n
pg events cow
echo == end\n
detach
GDB

part() { # NAME: of gdb's output
	sed -n "/^== $1\$/,/^== /{/^== /d;p}" "$work/gdb"
}

proc() { # FILE: as the program in the guest saw it
	sed -n "\\|^== $1\$|,/^== /{/^== /d;p}" "$work/out"
}

# compare NAME FOUND WANTED: two texts, line by line
compare() {
	if [ -n "$2" ] && [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "$(diff <(echo "$2") <(echo "$3") | head -n 3 | tr '\n' '|')"
	fi
}

look() { # NAME OPTION...: one machine, all commands
	local name=$1 debug= lines
	shift
	case " $* " in *" --debug "*) debug=--debug ;; esac
	"$pagoda" run --timeout 120 --gdb="$work/socket" "$@" -- "$build/guest-tests/programs/still" \
		/proc/buddyinfo /proc/meminfo /proc/self/maps /proc/slabinfo \
		>"$work/out" 2>"$work/err" &
	eventually [ -S "$work/socket" ]
	# shellcheck disable=SC2086 # nothing, or one word
	timeout 100 "$pagoda" gdb $debug "$work/socket" -- -batch -x "$work/commands" \
		>"$work/gdb" 2>"$work/gdb-err" </dev/null
	wait $!
	expect "gdb-$name-status" "$? $(grep -c '^== end' "$work/gdb")" '0 1'
	[ -s "$work/gdb-err" ] && sed 's/^/# gdb: /' "$work/gdb-err"

	compare "gdb-$name-buddyinfo" "$(part buddy)" "$(proc /proc/buddyinfo)"
	compare "gdb-$name-maps" "$(part maps)" "$(proc /proc/self/maps)"
	lines=$(part meminfo | sed 's/:.*/:/' | tr '\n' '|')
	compare "gdb-$name-meminfo" "$(part meminfo | sort)" \
		"$(proc /proc/meminfo | tr -s ' ' | grep -F "$(echo "$lines" | tr '|' '\n' | sed '/^$/d')" |
			awk -v wanted="|$lines" 'index(wanted, "|" $1 "|") { printf "%-15s %8d kB\n", $1, $2 }' | sort)"
	compare "gdb-$name-slabinfo" "$(part slab | tr -s ' ' | tail -n +2)" \
		"$(proc /proc/slabinfo | tr -s ' ' | tail -n +3 | sed 's/ : tunables .* : / : /')"
	expect_match "gdb-$name-tasks" "$(part tasks | tr -s ' ' | tr '\n' '|')" \
		'\| 1 0 - S init [^|]*\|.* S kslabd .*\| [0-9]+ 1 [0-9] R still [^|]* running\|'
	expect_match "gdb-$name-sleeping" "$(part calls | tr '\n' '|')" \
		'task 1 \(init\), state S\|.*do_wait\+[^|]* at kernel/wait.c:[0-9]+\|.* syscall_entry\+'
	expect_match "gdb-$name-running" "$(part here | tr '\n' '|')" \
		'^#0 .*getppid.*\|#1 .* handle_syscall .*\|#2 .* at arch/x86/x86_64/entry.S:[0-9]+\|#3 [^|]*\|$'
	expect_match "gdb-$name-walk" "$(part walk | tr '\n' '|')" \
		'\(still\).*pgd\[  0\].*pud\[  0\].*pmd\[  2\].*pte\[  0\].* P U A .*physical address 0x[0-9a-f]*000, in a page of 4 KiB'
	expect_match "gdb-$name-page" "$(part page | tr '\n' '|')" \
		'flags [^|]* uptodate .*use +page 0 of the file .*mapped    by [0-9]+ \(still\) at 0x400000 '
	expect_match "gdb-$name-table" "$(part table | tr '\n' '|')" \
		'flags [^|]* table\|.*use +page table of [0-9]+ \(still\), [0-9]+ entries in use'
	# The same bytes by the program's address and by the frame's.
	compare "gdb-$name-content" "$(part content | cut -c 6-28)" \
		"$(part head | sed -e 's/^[^:]*:[[:space:]]*//' -e 's/0x//g' -e 's/[[:space:]]/ /g')"
	expect_match "gdb-$name-elf" "$(part content)" '^000  7f 45 4c 46 .* \.ELF'
	expect_match "gdb-$name-print" "$(part print | tr '\n' '|')" \
		'frame 0x[0-9a-f]+: page 0 of the file .*, refcount [0-9]+ \[.*\]\|.* = 4194304\|'
	expect_match "gdb-$name-blocks" "$(part zone | tr '\n' '|')" 'order 10 movable +[0-9]+: 0x[0-9a-f]+00 '
	expect "gdb-$name-zones" "$(part zones | awk 'NR > 1 { sum += $10 } END { print 4 * sum }')" \
		"$(proc /proc/meminfo | awk '$1 == "MemTotal:" { print $2 }')"
	expect_match "gdb-$name-cache" "$(part cache | tr '\n' '|')" 'mm_struct: .*node [01] +[0-9]+ (full|partial): 0x'
	expect_match "gdb-$name-log" "$(part log)" 'Run /init as init process'
	expect_match "gdb-$name-events" "$(part events)" 'cow_copy +[1-9]'
}

nodes='-object memory-backend-ram,size=128M,id=m0 -object memory-backend-ram,size=128M,id=m1
	-numa node,nodeid=0,memdev=m0,cpus=0 -numa node,nodeid=1,memdev=m1,cpus=1'
look release --cpus 2 --ram 256M --qemu-args "$nodes"
look debug --debug

# The socket is gone with the machine; without --gdb there is none to be found.
expect gdb-socket-gone "$(ls "$work/socket" 2>&1 | grep -c 'No such file')" 1
"$pagoda" gdb --kernel "$work/none" "$work/socket" >"$work/out" 2>"$work/err"
expect_match gdb-no-kernel "$? $(err)" '^2 pagoda: kernel .*none: No such file'
"$pagoda" run --gdb='a b' -- true >"$work/out" 2>"$work/err"
expect_match gdb-bad-name "$? $(err)" '^2 pagoda: --gdb: '
finish
