/*
 * steps MIB STEP: takes memory step by step, STEP MiB a second up to MIB, then reads all of it again at the same
 * pace. It says when it turns round.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB 1048576UL

static unsigned long sum;

static void go_through(volatile char *memory, size_t size, size_t step, int write)
{
	for (size_t i = 0; i < size; i += 4096) {
		if (i % step == 0)
			sleep(1);
		if (write)
			memory[i] = (char)(i >> 12);
		else
			sum += (unsigned char)memory[i];
	}
}

int main(int argc, char **argv)
{
	const size_t size = argc > 1 ? strtoul(argv[1], NULL, 10) * MIB : 0;
	const size_t step = argc > 2 ? strtoul(argv[2], NULL, 10) * MIB : MIB;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED || step == 0) {
		perror("steps");
		return 1;
	}
	puts("takes");
	fflush(stdout);
	go_through(memory, size, step, 1);
	puts("reads again");
	fflush(stdout);
	go_through(memory, size, step, 0);
	printf("sum %lu\n", sum);
	return 0;
}
