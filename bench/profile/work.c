/* One kind of work, so often: `work KIND N` (locked.py). */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const long n = argc > 2 ? atol(argv[2]) : 0;
	const char *kind = argc > 1 ? argv[1] : "";
	char *area = mmap(NULL, (n + 1) * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	for (long i = 0; i < n; i++) {
		if (!strcmp(kind, "syscall")) {
			getppid();
		} else if (!strcmp(kind, "fault")) {
			area[i * 4096] = 1;
		} else if (!strcmp(kind, "map")) {
			munmap(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
			       4096);
		} else if (!strcmp(kind, "fork")) {
			pid_t child = fork();

			if (child == 0)
				_exit(0);
			waitpid(child, NULL, 0);
		}
	}
	return 0;
}
