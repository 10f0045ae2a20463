#!/bin/sh
# merge.sh PROGRAM: adds to a target's corpus the smallest of the inputs in build/fuzz/found that reach
# code which no input there does, and takes out what others have made superfluous. Inputs called
# found-* are those of bugs: they stay.
set -eu
program=$1
name=${program##*/fuzz_}
corpus=tests/fuzz/corpus/$name
found=build/fuzz/found/$name
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
mkdir -p "$corpus" "$found"
before=$(ls "$corpus" | wc -l)
# Edges only: how often each is taken would keep hundreds of inputs.
"$program" -set_cover_merge=1 -use_counters=0 -max_len=2048 -verbosity=0 "$new" "$corpus" "$found" \
	>"$found.merge.log" 2>&1 || { cat "$found.merge.log"; exit 1; }
find "$corpus" -type f ! -name 'found-*' -delete
for file in "$new"/*; do
	cmp -s "$file" "$corpus"/found-* 2>/dev/null || mv "$file" "$corpus/$(basename "$file" | cut -c 1-12)"
done
echo "$name: $before inputs before, $(ls "$corpus" | wc -l) now, $(du -sb "$corpus" | cut -f 1) bytes"
