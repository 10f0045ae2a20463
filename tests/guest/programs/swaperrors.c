/*
 * Errors of a swap disk: of /dev/vda slot 101 cannot be read, and slot 201 cannot be written once. Who
 * needs the page in slot 101 gets SIGBUS, and nobody else; of slot 201 nobody notices anything.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES 320
#define HALF  150
#define PAGE  4096

static char *memory;
static sigjmp_buf back;

static void caught(int signal)
{
	siglongjmp(back, signal);
}

/* Read page n: 0 as it should be, 1 SIGBUS, 2 wrong. */
static int look(int n)
{
	if (sigsetjmp(back, 1))
		return 1;
	return *(volatile int *)(memory + n * PAGE) == n + 1 ? 0 : 2;
}

static int slot_of(int n)
{
	const int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;

	if (pread(fd, &entry, 8, ((uintptr_t)memory / PAGE + n) * 8) != 8)
		exit(1);
	close(fd);
	return entry >> 62 & 1 ? (int)(entry >> 5 & 0xffffff) : -1;
}

/* Wait until a page has left memory. It has not if writing it failed. */
static int is_gone(int n)
{
	unsigned char here = 1;

	for (int i = 0; i < 100 && here & 1; i++) {
		usleep(10000);
		if (mincore(memory + n * PAGE, PAGE, &here))
			return 0;
	}
	return !(here & 1);
}

static void look_at_all(const char *who, int bad)
{
	int counts[3] = {0};

	for (int i = 0; i < PAGES; i++)
		if (i != bad)
			counts[look(i)]++;
	printf("%s: %s, others: %d ok, %d SIGBUS, %d wrong\n", who,
	       look(bad) == 1 ? "SIGBUS" : "no SIGBUS", counts[0], counts[1], counts[2]);
	fflush(stdout);
}

int main(void)
{
	const uint32_t numbers[3] = {1, 2047, 0};
	static char header[PAGE];
	const int fd = open("/dev/vda", O_RDWR);
	int bad = -1, lost = -1;

	memcpy(header + 1024, numbers, sizeof(numbers));
	memcpy(header + PAGE - 10, "SWAPSPACE2", 10);
	if (pwrite(fd, header, PAGE, 0) != PAGE || close(fd) || swapon("/dev/vda", 0)) {
		perror("swapon");
		return 1;
	}
	signal(SIGBUS, caught);
	memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	for (int i = 0; i < PAGES; i++)
		*(int *)(memory + i * PAGE) = i + 1;
	/* One after the other: the error of a slot may meet all that the disk writes along with it. */
	madvise(memory, HALF * PAGE, 21 /* MADV_PAGEOUT */);
	for (int i = 0; i < HALF; i++)
		if (slot_of(i) == 101)
			bad = i;
	if (bad < 0 || !is_gone(bad))
		printf("page %d has not left memory\n", bad);
	madvise(memory + HALF * PAGE, (PAGES - HALF) * PAGE, 21);
	for (int i = HALF; i < PAGES; i++)
		if (slot_of(i) == 201)
			lost = i;
	printf("slots %s\n", bad >= 0 && lost >= 0 ? "found" : "not found");
	fflush(stdout);
	if (fork() == 0) {
		look_at_all("child", bad);
		_exit(0);
	}
	wait(NULL);
	look_at_all("parent", bad);
	printf("swapoff %s\n", swapoff("/dev/vda") ? "fails" : "ok");
	look_at_all("afterwards", bad);
	if (fork() == 0) {
		look_at_all("new child", bad);
		_exit(0);
	}
	wait(NULL);
	munmap(memory, PAGES * PAGE);
	return 0;
}
