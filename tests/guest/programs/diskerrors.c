/*
 * What a program hears of a disk's errors: sector 108 of /dev/vda2 cannot be read, 208 not written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *buffer;

static void say(const char *what, long result)
{
	if (result >= 0)
		printf("%s ok\n", what);
	else
		printf("%s %s\n", what, errno == EIO ? "EIO" : strerror(errno));
}

int main(void)
{
	int fd = open("/dev/vda2", O_RDWR), other = open("/dev/vda2", O_RDWR),
	    direct = open("/dev/vda2", O_RDWR | O_DIRECT);

	if (posix_memalign((void **)&buffer, 4096, 4096))
		return 1;
	memset(buffer, 'e', 4096);
	say("read", pread(fd, buffer, 4096, 108 / 8 * 4096));
	say("other read", pread(fd, buffer, 4096, 40 * 4096));
	say("write", pwrite(fd, buffer, 4096, 208 / 8 * 4096));
	say("fsync", fsync(fd));
	say("fsync again", fsync(fd));
	say("other fsync", fsync(other));
	say("direct", pwrite(direct, buffer, 4096, 208 / 8 * 4096));
	close(fd);
	fd = open("/dev/vda2", O_RDWR);
	say("later fsync", fsync(fd));
	return 0;
}
