// flags: -Iarch/x86/common/include -Iarch/x86/x86_64/include -D__KERNEL__
/*
 * The initramfs' unpacker (fs/initramfs.c): archives behind each other, plain and compressed,
 * whole and damaged, unpacked into a file system that only looks at what it is asked for. The
 * first byte of an input says which allocation and which write fails.
 */
#include "mm/kva/kva.h"
#include "mm/slab/slab.h"
#include <stdlib.h>

static void *some_memory(size_t bytes);
#define kmalloc(bytes, gfp) some_memory(bytes)
#define kfree(at)           free(at)
#define vzalloc(bytes)      calloc(1, bytes)
#define vfree(at)           free(at)
#include "fs/inflate.c"
#define flush cpio_flush
#include "fs/initramfs.c"
#include "world.h"

static unsigned fail_in; /* allocations and writes until one fails; 0: none */
static unsigned open_files, looked_up;

phys_addr_t initrd_start;
u64 initrd_bytes;

static bool fails(void)
{
	return fail_in && --fail_in == 0;
}

static void *some_memory(size_t bytes)
{
	return fails() ? NULL : malloc(bytes);
}

/* A path ends, is not too long and can be read to its end. */
static void check_path(const char *path)
{
	MUST(strlen(path) < PATH_MAX);
}

static struct inode an_inode = {.mode = S_IFREG | 0644};
static struct dentry a_dentry = {.inode = &an_inode};

int path_lookup(int dirfd, const char *name, unsigned flags, struct path *path)
{
	check_path(name);
	if (strlen(name) % 3 == 0)
		return -ENOENT;
	an_inode.mode = strlen(name) % 2 ? S_IFDIR : S_IFREG;
	*path = (struct path){.dentry = &a_dentry};
	looked_up++;
	return 0;
}

void path_put(const struct path *path)
{
	looked_up--;
}

static char written[65536];

static long write_file(struct file *file, struct iov_iter *from, u64 *pos)
{
	const long bytes = from->count;

	MUST(bytes > 0);
	memcpy(written, from->iov->iov_base, min((size_t)bytes, sizeof(written)));
	*pos += bytes;
	return fails() ? -ENOMEM : bytes;
}

static const struct file_operations file_fops = {.write = write_file};

struct file *open_path(int dirfd, const char *name, u32 flags, u32 mode)
{
	struct file *file;

	check_path(name);
	file = some_memory(sizeof(*file));
	if (!file)
		return ERR_PTR(-ENOMEM);
	MUST_EQUAL(open_files, 0);
	open_files++;
	*file = (struct file){.ops = &file_fops, .inode = &an_inode};
	return file;
}

void fput(struct file *file)
{
	open_files--;
	free(file);
}

int kernel_mkdir(const char *path, u32 mode)
{
	check_path(path);
	return fails() ? -ENOSPC : 0;
}

int kernel_mknod(const char *path, u32 mode, u32 dev)
{
	check_path(path);
	return 0;
}

int kernel_symlink(const char *target, const char *path)
{
	check_path(target);
	check_path(path);
	return 0;
}

int kernel_link(const char *from, const char *path)
{
	check_path(from);
	check_path(path);
	return 0;
}

int kernel_remove(const char *path, bool dir)
{
	check_path(path);
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	console_loglevel = 0;
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	struct unpacker *u = calloc(1, sizeof(*u));
	u8 *archive;

	if (!bytes) {
		free(u);
		return 0;
	}
	fail_in = data[0] & 0x80 ? data[0] & 0x7f : 0;
	/* Of exactly its size, so that what is read beyond it shows. */
	archive = malloc(bytes - 1);
	memcpy(archive, data + 1, bytes - 1);
	u->want = HEADER_BYTES;
	unpack_all(u, archive, bytes - 1);
	MUST_EQUAL(open_files, 0);
	MUST_EQUAL(looked_up, 0);
	MUST(u->links == NULL);
	free(archive);
	free(u);
	return 0;
}
