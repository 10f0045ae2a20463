# X8: the mmap program prints a file byte by byte; what it writes through a private
# mapping leaves the file alone, through a shared one with msync it changes it.
. ./check.sh

file=/tmp/letters
printf abcde >$file
expect mapbytes-print "$(./mapbytes $file)" '[a][b][c][d][e]'
expect mapbytes-private "$(./mapbytes $file private XY)" '[X][Y][c][d][e]'
expect mapbytes-private-file "$(cat $file)" abcde
expect mapbytes-shared "$(./mapbytes $file shared XY)" '[X][Y][c][d][e]'
expect mapbytes-shared-file "$(cat $file)" XYcde

# A large file: all of its pages come.
seq 1 20000 >$file
expect mapbytes-large "$(./mapbytes $file | tr -d '[]' | head -n 20000 | md5sum)" \
	"$(md5sum <$file)"
rm $file
finish
