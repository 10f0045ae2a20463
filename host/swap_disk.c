/*
 * Making disks for swap: what mkswap(8) writes, into a new file.
 *
 * The files are in $TMPDIR or /var/tmp, have no name and take room only for what has been
 * swapped out, so nothing is left behind however the machine ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "swap_disk.h"
#include "swap_header.h"

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

static void write_header(int fd, unsigned long kib, unsigned n)
{
	unsigned char page[SWAP_PAGE] = {0};

	swap_header_fill(page, kib, n);
	if (ftruncate(fd, (off_t)kib * 1024) < 0 || pwrite(fd, page, SWAP_PAGE, 0) != SWAP_PAGE)
		die(EXIT_MACHINE, "a disk for --swap: %s", strerror(errno));
}

int *swap_disks_make(const struct run_options *options)
{
	if (swap_in_memory(options))
		return NULL;

	int *fds = allocate((options->nr_swap + 1) * sizeof(*fds));

	for (unsigned i = 0; i < options->nr_swap; i++) {
		fds[i] = file_without_name();
		write_header(fds[i], options->swap[i].kib, i);
	}
	return fds;
}
