/*
 * Writes into pages of several kinds, prints for each "KIND FRAME TEXT" -- the frame's number by
 * /proc/self/pagemap and what was written at its start -- then "ready", and waits for its input to
 * end. tests/host-cmd/frames.sh looks at the machine's memory meanwhile.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *kind, char *page, const char *text)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;

	if (fd < 0 || pread(fd, &entry, 8, (uintptr_t)page / 4096 * 8) != 8 || !(entry >> 63)) {
		perror("pagemap");
		exit(1);
	}
	close(fd);
	printf("%s %lu %s\n", kind, (unsigned long)(entry & ((1ULL << 55) - 1)), text);
	fflush(stdout);
}

static void write_and_show(const char *kind, char *page)
{
	char text[9];

	snprintf(text, sizeof(text), "%08x", (unsigned)(rand() ^ getpid() << 16));
	memcpy(page, text, 8);
	show(kind, page, text);
}

static char *map(int flags, int fd)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (page == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return page;
}

int main(void)
{
	int fd = open("/tmp/frames", O_RDWR | O_CREAT, 0600);
	char *private = map(MAP_PRIVATE | MAP_ANONYMOUS, -1), *locked, buffer[16];
	pid_t child;

	srand(getpid());
	if (ftruncate(fd, 4096)) {
		perror("ftruncate");
		return 1;
	}
	write_and_show("private", private);
	write_and_show("shared", map(MAP_SHARED | MAP_ANONYMOUS, -1));
	write_and_show("file", map(MAP_SHARED, fd));
	locked = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	mlock(locked, 4096);
	write_and_show("locked", locked);
	child = fork();
	if (child == 0) {
		write_and_show("copied", private);
		pause();
	}
	usleep(200000);
	puts("ready");
	fflush(stdout);
	while (read(0, buffer, sizeof(buffer)) > 0)
		;
	kill(child, 9);
	waitpid(child, NULL, 0);
	return 0;
}
