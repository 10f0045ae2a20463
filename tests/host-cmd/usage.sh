# Bad options and values: exit status 2 and one clear line on stderr. No machine boots.
. "$(dirname "$0")/lib.sh"

refused() { # NAME REGEXP ARGUMENT...
	local name=$1 pattern=$2
	shift 2
	"$pagoda" "$@" >"$work/out" 2>"$work/err" </dev/null
	local status=$?
	if [ $status != 2 ]; then
		not_ok "$name" "exit status $status, not 2"
	elif [ "$(wc -l <"$work/err")" != 1 ] || [ -s "$work/out" ]; then
		not_ok "$name" "not one line on stderr: $(err)"
	else
		expect_match "$name" "$(err)" "$pattern"
	fi
}

touch "$work/kernel"
k=(--kernel "$work/kernel")
refused usage-nothing 'no command'
refused usage-command "unknown command 'fly'" fly
refused usage-option "'--foo'" run --foo
refused usage-letter "'x'" run -x
refused usage-missing-value "'--ram' requires an argument" run --ram
refused usage-ram "'much' is not a size" run "${k[@]}" --ram much
refused usage-ram-unit "'64Q' is not a size" run "${k[@]}" --ram 64Q
refused usage-ram-negative "'-5' is not a size" run "${k[@]}" --ram=-5
refused usage-ram-small 'not between' run "${k[@]}" --ram 100K
refused usage-ram-large 'not between' run "${k[@]}" --ram 99999999999G
refused usage-swap "'much' is not a size" run "${k[@]}" --swap much
refused usage-swap-small 'not between 40K' run "${k[@]}" --swap 10K
refused usage-swap-priority "'40000' is not a number from 0" run "${k[@]}" --swap 1M:40000
refused usage-swap-initrd 'exclude' run "${k[@]}" --initrd "$work/kernel" --swap 1M
refused usage-cpus "'0' is not a number from 1" run "${k[@]}" --cpus 0
refused usage-cpus-word "'two' is not a number" run "${k[@]}" --cpus two
refused usage-timeout "'-1' is not a number of seconds" run "${k[@]}" --timeout=-1
refused usage-timeout-nan 'not a number of seconds' run "${k[@]}" --timeout=nan
refused usage-arch "'vax' is not x86_64, i386 or i386-pae" run --arch vax
refused usage-kernel 'No such file' run --kernel "$work/none"
refused usage-initrd 'No such file' run "${k[@]}" --initrd "$work/none"
refused usage-initrd-program 'exclude' run "${k[@]}" --initrd "$work/kernel" -- ls
refused usage-icount-cpus 'needs --cpus 1' run "${k[@]}" --icount --cpus 2
refused usage-kernel-debug 'exclude' run "${k[@]}" --debug
refused usage-add 'No such file' run "${k[@]}" --add "$work/none" -- ls
refused usage-quote 'quote' run "${k[@]}" --qemu-args "-name 'x" -- ls

"$pagoda" run --help >"$work/out" 2>"$work/err"
expect usage-help-status $? 0
for option in arch ram cpus initrd append icount timeout kernel qemu-args debug add disk swap; do
	grep -q -- "--$option" "$work/out" || not_ok usage-help "--$option is not in --help"
done
"$pagoda" run --usage >"$work/out" 2>"$work/err"
expect usage-usage-status $? 0

# What cannot be run, as a shell says it.
guest -- no-such-program-anywhere
expect run-not-found "$status $(err)" \
	"127 pagoda: no-such-program-anywhere: no program in PATH, no applet of busybox"
guest -- ./no-such-file
expect run-no-file $status 127
echo hello >"$work/text"
chmod +x "$work/text"
guest -- "$work/text"
expect_match run-text "$status $(err)" '^126 .*not a program'
finish
