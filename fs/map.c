/*
 * What mm/space may ask of files: what a descriptor maps, and shared anonymous
 * memory, which is a file without a name.
 */
#include "fs/files.h"
#include "kernel/initcall.h"
#include "kernel/task.h"
#include <linux/fcntl.h>
#include <linux/mount.h>

/* A device may say for itself what mapping it means. */
static int call_mmap(struct file *file, struct vm_area_struct *vma)
{
	return file->ops->mmap(file, vma);
}

static int cannot_map(struct file *file, struct vm_area_struct *vma)
{
	return -ENODEV;
}

/* Open as such, not by O_PATH. */
static bool is_block_device(const struct file *file)
{
	return (file->inode->mode & S_IFMT) == S_IFBLK && file->mode & FMODE_SEEK;
}

void map_source_of(struct file *file, struct map_source *source)
{
	bool regular = (file->inode->mode & S_IFMT) == S_IFREG && file->mode & FMODE_SEEK;

	*source = (struct map_source){
		.file = file,
		.readable = file->mode & FMODE_READ,
		.writable = file->mode & FMODE_WRITE,
		.noexec = file->path.mnt && (file->path.mnt->flags & MS_NOEXEC),
	};
	if (file->ops->mmap) {
		source->mmap = call_mmap;
	} else if ((regular && file->ops->read == generic_read) || is_block_device(file)) {
		source->mapping = file->mapping;
		if (READ_ONCE(file->inode->seals) & F_SEAL_FUTURE_WRITE)
			source->mmap = seals_mmap;
	} else {
		source->mmap = cannot_map;
	}
}

static int source_of_fd(int fd, struct map_source *source)
{
	struct file *file = fget(fd);

	if (!file)
		return -EBADF;
	if (file->flags & O_PATH) {
		fput(file);
		return -EBADF;
	}
	map_source_of(file, source);
	return 0;
}

static int zero_setup(u64 bytes, bool noreserve, struct map_source *source)
{
	struct file *file = shmem_file("/dev/zero (deleted)", bytes, O_LARGEFILE);

	if (IS_ERR(file))
		return PTR_ERR(file);
	if (!noreserve) {
		int err = shmem_account(file, bytes);

		if (err) {
			fput(file);
			return err;
		}
	}
	map_source_of(file, source);
	return 0;
}

/* msync(MS_SYNC): more than the range does no harm. */
static int sync_mapped(struct file *file, u64 first, u64 last)
{
	return file->ops->fsync ? file->ops->fsync(file) : 0;
}

static int map_init(void)
{
	vm_file_ops.sync = sync_mapped;
	map_source_of_fd = source_of_fd;
	shmem_zero_setup = zero_setup;
	return 0;
}
INITCALL(INIT_EARLY, map_init);
