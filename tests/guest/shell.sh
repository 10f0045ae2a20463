# Everyday shell work with busybox: pipelines, redirections, files, text tools.
. ./check.sh

cd /tmp || exit 1
mkdir work && cd work || exit 1

expect shell-pipeline "$(seq 1 1000 | grep 7 | sort -rn | head -n 3 | tr '\n' ' ')" '997 987 979 '
expect shell-sum "$(seq 1 10000 | awk '{ s += $1 } END { print s }')" 50005000
expect shell-substitution "$(echo $(echo $(echo deep)))" deep
expect shell-here "$(cat <<END
line $((1 + 1))
END
)" 'line 2'
(exit 3)
expect shell-status $? 3
expect shell-sed "$(printf 'a\nb\nc\n' | sed -n '2{s/b/B/;p}')" B

mkdir -p tree/a/b/c
for i in 1 2 3 4 5; do
	echo "file $i" >tree/a/b/file$i
done
expect shell-find "$(find tree -type f | wc -l | tr -d ' ')" 5
expect shell-xargs "$(find tree -type f | sort | xargs cat | tail -n 1)" 'file 5'
cp -r tree copy
expect shell-copy "$(diff -r tree copy && echo same)" same
tar czf tree.tgz tree
rm -r copy
mkdir out && tar xzf tree.tgz -C out
expect shell-tar "$(diff -r tree out/tree && echo same)" same
mv tree moved
expect shell-move "$(ls)" 'moved
out
tree.tgz'

dd if=/dev/urandom of=random bs=64k count=16 2>/dev/null
gzip -c random >random.gz
gunzip -c random.gz >again
expect shell-gzip "$(cmp random again && echo same)" same
expect shell-md5 "$(md5sum <random)" "$(cat random | md5sum)"
sort -u /etc/pagoda-run >/dev/null 2>&1

expect shell-background "$(
	sleep 0.2 &
	wait $!
	echo waited $?
)" 'waited 0'
expect shell-kill "$(
	sleep 100 &
	kill $!
	wait $! 2>/dev/null
	echo $?
)" 143
mkfifo queue
(echo through >queue) &
expect shell-fifo "$(cat queue)" through
wait
expect shell-trap "$(sh -c 'trap "echo caught" USR1; kill -USR1 $$; echo after')" 'caught
after'
expect shell-exec "$(sh -c 'exec echo replaced')" replaced
expect shell-env "$(env -i A=b sh -c 'echo $A')" b
expect shell-ps "$(ps | grep -c '[r]unner.sh')" 1
expect_true shell-free sh -c 'free | grep -q "^Mem:"'
expect_true shell-uptime sh -c 'uptime | grep -q "load average"'
expect shell-df "$(df /dev/shm | tail -n 1 | awk '{ print $NF }')" /dev/shm
expect shell-mount "$(mkdir mnt && mount -t tmpfs -o size=1m none mnt && df mnt | tail -n 1 | awk '{ print $2 }')" 1024
expect shell-full "$(dd if=/dev/zero of=mnt/big bs=64k count=32 2>&1 | grep -c 'No space left')" 1
expect_true shell-umount umount mnt
cd / && rm -r /tmp/work
expect shell-clean "$(ls /tmp)" ''
finish
