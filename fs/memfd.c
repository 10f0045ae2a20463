/*
 * memfd_create, and seals: a file in memory whose maker can promise what will no longer be done
 * to it, so that another process can map it without fear.
 *
 *	F_SEAL_SHRINK, GROW    its size
 *	F_SEAL_WRITE           its bytes: not while a mapping that may write to it exists
 *	F_SEAL_FUTURE_WRITE    its bytes, but for the mappings that there are
 *	F_SEAL_SEAL            the seals; all files in memory have it but those made
 *	                       with MFD_ALLOW_SEALING
 *
 * Seals are set and looked at under the inode's lock. Mappings do not take that: a mapping that may
 * write counts itself in mmap_writable first, and F_SEAL_WRITE makes that count negative, which it
 * can only while it is zero.
 */
#include "fs/files.h"
#include "kernel/syscall.h"
#include "lib/string.h"
#include <linux/fcntl.h>
#include <linux/memfd.h>

#define ALL_SEALS   (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)
#define NAME_PREFIX "/memfd:"
#define NAME_SUFFIX " (deleted)"
#define NAME_MAX    250 /* with its NUL */

/* --- what seals forbid (the inode's lock is held for writing) --- */

int seals_allow_size(const struct inode *inode, u64 size)
{
	if ((size < inode->size && inode->seals & F_SEAL_SHRINK) ||
	    (size > inode->size && inode->seals & F_SEAL_GROW))
		return -EPERM;
	return 0;
}

int seals_allow_write(const struct inode *inode, u64 pos, size_t *bytes)
{
	if (inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	if (!(inode->seals & F_SEAL_GROW) || pos + *bytes <= inode->size)
		return 0;
	/* As on Linux, which finds out page by page. */
	if (pos >= ALIGN_DOWN(inode->size, (u64)PAGE_SIZE))
		return -EPERM;
	*bytes = ALIGN_DOWN(inode->size, (u64)PAGE_SIZE) - pos;
	return 0;
}

int seals_mmap(struct file *file, struct vm_area_struct *vma)
{
	if ((vma->vm_flags & (VM_SHARED | VM_WRITE)) == (VM_SHARED | VM_WRITE))
		return -EPERM;
	if (vma->vm_flags & VM_SHARED)
		vma->vm_flags &= ~VM_MAYWRITE;
	return 0;
}

/* --- setting them --- */

static int deny_writable_mappings(struct address_space *mapping)
{
	int none = 0;

	return try_cmpxchg(&mapping->mmap_writable.v, &none, -1) ? 0 : -EBUSY;
}

/* fcntl.c has seen that the file may be written. */
static int add_seals(struct file *file, unsigned long seals)
{
	struct inode *inode = file->inode;
	int err = 0;

	if (seals & ~(unsigned long)ALL_SEALS)
		return -EINVAL;
	down_write(&inode->lock);
	if (inode->seals & F_SEAL_SEAL)
		err = -EPERM;
	else if (seals & F_SEAL_WRITE && !(inode->seals & F_SEAL_WRITE))
		err = deny_writable_mappings(&inode->data);
	if (!err)
		WRITE_ONCE(inode->seals, inode->seals | seals);
	up_write(&inode->lock);
	return err;
}

long seals_fcntl(struct file *file, unsigned cmd, unsigned long arg)
{
	switch (cmd) {
	case F_ADD_SEALS: return add_seals(file, arg);
	case F_GET_SEALS: return READ_ONCE(file->inode->seals);
	default: return -EINVAL;
	}
}

SYSCALL2(memfd_create, const char __user *, user_name, unsigned, flags)
{
	char name[sizeof(NAME_PREFIX) + NAME_MAX + sizeof(NAME_SUFFIX)] = NAME_PREFIX;
	const size_t at = sizeof(NAME_PREFIX) - 1;
	struct file *file;
	long len;

	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING))
		return -EINVAL;
	len = strncpy_from_user(name + at, user_name, NAME_MAX);
	if (len < 0)
		return len;
	if (len >= NAME_MAX)
		return -EINVAL;
	memcpy(name + at + len, NAME_SUFFIX, sizeof(NAME_SUFFIX));
	file = shmem_file(name, 0, O_LARGEFILE);
	if (IS_ERR(file))
		return PTR_ERR(file);
	if (flags & MFD_ALLOW_SEALING)
		file->inode->seals = 0;
	return fd_install(file, flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
}
