# A program runs in the guest as it would here: arguments, streams, status.
. "$(dirname "$0")/lib.sh"

guest -- sh -c 'echo to stdout; echo to stderr >&2; exit 7'
expect program-status $status 7
expect program-stdout "$(out)" 'to stdout'
expect program-stderr "$(err)" 'to stderr'

guest -- sh -c 'kill -9 $$'
expect program-killed $status 137
guest -- sh -c 'kill -SEGV $$'
expect program-segv $status 139

# Arguments arrive as they are: blanks, nothing, quotes, dashes, newlines.
cat >"$work/arguments" <<'SCRIPT'
#!/bin/sh
for argument; do
	printf '[%s]' "$argument"
done
pwd
SCRIPT
chmod +x "$work/arguments"
guest -- "$work/arguments" 'a b' '' "it's" '"' --ram -x $'new\nline'
expect program-arguments "$(out)" "[a b][][it's][\"][--ram][-x][new
line]/root"

# A static program by its path; what it needs by --add, at its own name or another.
printf '%s\n' '#include <stdio.h>' \
	'int main(int c, char **v) { FILE *f = fopen(v[1], "r"); int b; while ((b = getc(f)) != EOF)' \
	'putchar(b); printf("%s %d\n", v[0], c); return 3; }' |
	${HOSTCC:-gcc} -static -x c -o "$work/static" -
mkdir -p "$work/tree/below"
echo content >"$work/tree/below/file"
ln -s below/file "$work/tree/link"
(cd "$work" && ${PAGODA:-"$OLDPWD/build/pagoda"} run --timeout 60 "${kernel[@]}" --add tree:/data \
	--add tree/below/file -- ./static /data/link tree >out 2>err)
expect program-path-status $? 3
expect program-path "$(out)" "content
./static 3"

guest --add "$work/tree/below/file:here" -- sh -c 'cat /root/here; test -L /bin/ls && echo link'
expect program-add "$(out)" "content
link"

# Dynamic programs bring their libraries.
echo 'int main(int c, char **v) { return printf("%s %.1f\n", v[0], sqrt(c * 2)) ? 6 : 0; }' |
	${HOSTCC:-gcc} -include stdio.h -include math.h -x c -fno-builtin -o "$work/dynamic" - -lm
guest -- "$work/dynamic" x
expect program-dynamic "$status $(out)" "6 $work/dynamic 2.0"
guest --add "$work/dynamic:/bin/dynamic" -- sh -c 'exec dynamic x'
expect program-dynamic-added "$status $(out)" "6 dynamic 2.0"

guest --append 'one.two=three' --ram 200M -- sh -c \
	'grep -o one.two=three /proc/cmdline; grep MemTotal: /proc/meminfo; nproc; id -u'
expect_match program-machine "$(out | tr -s '\n ' ' ')" \
	'^one.two=three MemTotal: (1[5-9]|20)[0-9]{4} kB 1 0 $'
guest --cpus 2 -- grep -c ^processor /proc/cpuinfo
expect program-cpus "$(out)" 2
finish
