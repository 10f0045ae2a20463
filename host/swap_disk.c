/*
 * Making disks for swap: what mkswap(8) writes, into a new file.
 *
 * The files are in $TMPDIR or /var/tmp, have no name and take room only for what has been
 * swapped out, so nothing is left behind however the machine ends. The UUID is the same in every run, so
 * that runs are alike.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "swap_disk.h"

#define PAGE 4096 /* of all machines that `pagoda run` knows */

static int file_without_name(void)
{
	const char *directory = getenv("TMPDIR");
	char *name = format_string("%s/pagoda-swap-XXXXXX", directory ? directory : "/var/tmp");
	const int fd = mkostemp(name, O_CLOEXEC);

	if (fd < 0)
		die(EXIT_MACHINE, "%s: %s", name, strerror(errno));
	unlink(name);
	free(name);
	return fd;
}

/* The first page: mm/swap/header.c says what stands where. */
static void write_header(int fd, unsigned long kib, unsigned n)
{
	const uint32_t numbers[3] = {1, (uint32_t)(kib / (PAGE / 1024) - 1), 0};
	unsigned char page[PAGE] = {0};

	memcpy(page + 1024, numbers, sizeof(numbers));
	memcpy(page + 1036, "pagoda swap", 11);
	page[1036 + 15] = (unsigned char)n;
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	if (ftruncate(fd, (off_t)kib * 1024) < 0 || pwrite(fd, page, PAGE, 0) != PAGE)
		die(EXIT_MACHINE, "a disk for --swap: %s", strerror(errno));
}

int *swap_disks_make(const struct run_options *options)
{
	int *fds = allocate((options->nr_swap + 1) * sizeof(*fds));

	for (unsigned i = 0; i < options->nr_swap; i++) {
		fds[i] = file_without_name();
		write_header(fds[i], options->swap[i].kib, i);
	}
	return fds;
}
