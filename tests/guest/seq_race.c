/*
 * Threads that read one open /proc file at the same time, each at the start: every one gets
 * the text from its beginning, however it grows meanwhile.
 */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/check.h"

#define THREADS 4
#define ROUNDS  200L

static int fd;
static int wrong; /* atomic */

static void *reader(void *rounds)
{
	char text[16] = "";

	for (long i = 0; i < (long)rounds; i++) {
		/* Areas that do not join make the text longer than the buffer was. */
		char *area = mmap(NULL, 8 * page_size, i % 2 ? PROT_READ : PROT_NONE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		mprotect(area + 2 * page_size, page_size, PROT_READ | PROT_WRITE);
		if (pread(fd, text, 15, 0) != 15 || !strchr(text, '-'))
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
		if (i % 16)
			munmap(area, 8 * page_size);
	}
	return NULL;
}

static void all_from_the_start(void)
{
	pthread_t thread[THREADS];

	fd = must(open("/proc/self/smaps", O_RDONLY));
	for (int i = 0; i < THREADS; i++)
		expect_equal(pthread_create(&thread[i], NULL, reader, (void *)ROUNDS), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	expect_equal(wrong, 0);
	close(fd);
}

int main(void)
{
	run("seq-race", all_from_the_start);
	return finish();
}
