// libs: -lz
/*
 * gunzip (fs/inflate.c) against zlib: whatever zlib unpacks must come out the same, to the last
 * byte, and what zlib does not take must not be taken.  Memory is the host's, so that a byte read
 * before the input or behind it shows.
 */
#include "mm/kva/kva.h"
#include <stdlib.h>
#include <zlib.h>

#define vzalloc(bytes) calloc(1, bytes)
#define vfree(at)      free(at)
#include "fs/inflate.c"
#include "world.h"

#define MOST (1u << 20) /* of output */

static u8 ours[MOST], theirs[MOST];
static size_t nr_ours;

static int emit(void *arg, const u8 *data, size_t bytes)
{
	if (bytes > MOST - nr_ours)
		return -ENOSPC;
	memcpy(ours + nr_ours, data, bytes);
	nr_ours += bytes;
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	z_stream z = {
		.next_in = (u8 *)data, .avail_in = bytes, .next_out = theirs, .avail_out = MOST};
	size_t used = 0;
	int err, verdict;

	nr_ours = 0;
	err = gunzip(data, bytes, &used, emit, NULL);
	MUST(inflateInit2(&z, 16 + MAX_WBITS) == Z_OK);
	verdict = inflate(&z, Z_FINISH);
	if (verdict == Z_STREAM_END) {
		MUST_EQUAL(err, 0);
		MUST_EQUAL(used, bytes - z.avail_in);
		MUST_EQUAL(nr_ours, MOST - z.avail_out);
		MUST(memcmp(ours, theirs, nr_ours) == 0);
	} else {
		MUST(err != 0);
	}
	inflateEnd(&z);
	return 0;
}
