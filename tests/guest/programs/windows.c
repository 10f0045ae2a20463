/*
 * More readers than the kernel of an i386 has windows onto high memory (tests/host-cmd/highmem.sh).
 *
 *     windows DISK       whose every read after the first takes seconds
 *
 * A reader copies from a page of a file, through a window, into memory that is not there yet: a page of
 * the disk. So it sleeps with its window open till the disk has answered, and so do a thousand others;
 * whoever comes after that sleeps for a window. One of them wants no more than one byte of a file, which
 * without them takes no time. When the disk answers all of them must get through.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define READERS 1150 /* windows: 32 of a CPU, 1024 of all */
#define PART    2    /* bytes for each reader, all in one page */
#define PAGE    4096

static int file;
static char *slow; /* a page of the disk */
static atomic_int ready, inside, done, asked, answered;
static pthread_rwlock_t gate = PTHREAD_RWLOCK_INITIALIZER; /* for the readers */

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void pause_for(double seconds)
{
	struct timespec t = {(time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9)};

	nanosleep(&t, NULL);
}

static char byte_at(long at)
{
	return (char)(at * 7 + at / 251 + 1);
}

static void *reader(void *arg)
{
	const long at = (long)arg * PART;

	ready++;
	pthread_rwlock_rdlock(&gate);
	pthread_rwlock_unlock(&gate);
	inside++;
	if (pread(file, slow + at, PART, at) != PART)
		die("pread");
	done++;
	return NULL;
}

/* One byte, from memory that is there. */
static void *passer_by(void *unused)
{
	ready++;
	for (int n = 1; n <= 2; n++) {
		while (asked < n)
			pause_for(0.05);
		if (pread(file, &(char){0}, 1, 0) != 1)
			die("pread");
		answered = n;
	}
	return unused;
}

static char *page_of_disk(int disk, long at)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, disk, at);

	if (page == MAP_FAILED || madvise(page, PAGE, MADV_RANDOM))
		die("mmap");
	return page;
}

static pthread_t begin(void *(*fn)(void *), long arg)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	if (pthread_create(&thread, &attr, fn, (void *)arg))
		die("pthread_create");
	return thread;
}

int main(int argc, char **argv)
{
	static pthread_t readers[READERS];
	static char text[PAGE];
	pthread_t other;
	int disk = argc == 2 ? open(argv[1], O_RDONLY) : -1, wrong = 0;

	file = memfd_create("page", 0);
	for (long i = 0; i < PAGE; i++)
		text[i] = byte_at(i);
	if (disk < 0 || file < 0 || write(file, text, PAGE) != PAGE)
		die("file");
	pthread_rwlock_wrlock(&gate);
	other = begin(passer_by, 0);
	for (long i = 0; i < READERS; i++)
		readers[i] = begin(reader, i);
	while (ready < READERS + 1)
		pause_for(0.05);
	asked = 1;
	for (int i = 0; i < 100 && answered < 1; i++)
		pause_for(0.05);
	printf("alone %d\n", answered);

	*(volatile char *)page_of_disk(disk, 0); /* from now on the disk takes its time */
	slow = page_of_disk(disk, 1 << 20);
	pthread_rwlock_unlock(&gate);
	while (inside < READERS)
		pause_for(0.05);
	pause_for(1);
	asked = 2;
	pause_for(1);
	printf("meanwhile %d %d\n", answered, done);
	fflush(stdout);

	for (long i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	pthread_join(other, NULL);
	for (long i = 0; i < READERS * PART; i++)
		wrong += slow[i] != byte_at(i);
	printf("after %d %d wrong %d\n", answered, done, wrong);
	return 0;
}
