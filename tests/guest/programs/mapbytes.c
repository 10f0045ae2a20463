/*
 * The textbook's mmap program (X8): prints a file byte by byte, each in brackets,
 * through a mapping. With a second argument it first writes that text to the
 * mapping's start: `private', as a private mapping; `shared', as a shared one,
 * followed by msync.
 *
 *	mapbytes FILE [private|shared TEXT]
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int shared = argc > 3 && !strcmp(argv[2], "shared");
	int fd = argc > 1 ? open(argv[1], shared ? O_RDWR : O_RDONLY) : -1;
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0) {
		perror(argc > 1 ? argv[1] : "usage: mapbytes FILE [private|shared TEXT]");
		return 1;
	}
	char *map = mmap(NULL, status.st_size, PROT_READ | PROT_WRITE,
			 shared ? MAP_SHARED : MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	if (argc > 3)
		memcpy(map, argv[3], strlen(argv[3]));
	if (shared && msync(map, status.st_size, MS_SYNC) < 0) {
		perror("msync");
		return 1;
	}
	for (off_t i = 0; i < status.st_size; i++)
		printf("[%c]", map[i]);
	printf("\n");
	return 0;
}
