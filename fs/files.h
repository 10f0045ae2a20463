/*
 * Between the files of fs/: what a task holds.
 */
#pragma once

#include "machine/syscalls.h"
#include "fs/vfs.h"

struct task_struct;

void set_init_root(struct mount *mnt);
int fs_struct_fork(struct task_struct *child, unsigned long clone_flags);
void fs_struct_exit(struct task_struct *task);
/* Another task's root and working directory, with references; false: it has none any more. */
bool task_fs_paths(struct task_struct *task, struct path *root, struct path *pwd);

u32 task_umask(struct task_struct *task);

/* Descriptors in use or room for them (FDSize of /proc/PID/status). */
unsigned task_fd_size(struct task_struct *task);
/* Install the file at exactly this number, closing what was there. fd or -errno; takes over the reference. */
int fd_install_at(struct file *file, int fd, bool cloexec);
int fd_install_from(struct file *file, unsigned from, bool cloexec);
int fd_get_cloexec(int fd); /* 0, 1 or -EBADF */
int fd_set_cloexec(int fd, bool on);
/* An inode on no disk and in no directory, for anon_file(). NULL without memory. */
struct inode *anon_inode(u32 mode);
extern const struct file_operations fifo_fops; /* fs/pipe.c */
int tmpfs_fill(struct super_block *sb, const char *source, const char *options);
/*
 * Seals (memfd.c). Is a new size allowed; a write of *bytes, of which fewer may be; fcntl(2)'s part;
 * what a mapping of a file sealed with F_SEAL_FUTURE_WRITE must hear. 0 or -EPERM.
 */
int seals_allow_size(const struct inode *inode, u64 size);
int seals_allow_write(const struct inode *inode, u64 pos, size_t *bytes);
long seals_fcntl(struct file *file, unsigned cmd, unsigned long arg);
int seals_mmap(struct file *file, struct vm_area_struct *vma);
/* Be a writer (step 1) or a running program (-1) of an inode for a while: 0 or -ETXTBSY. */
int inode_claim(struct inode *inode, int step);
void inode_unclaim(struct inode *inode, int step);
/* May the current process make the file this large? 0, or -EFBIG and SIGXFSZ. Inode's lock held. */
int may_grow(const struct inode *inode, u64 size);
/* Count the memory a nameless file may come to use as committed; given back with the file. 0 or -ENOMEM. */
int shmem_account(struct file *file, u64 bytes);
/* What system calls of several forms share. */
s64 file_seek(int fd, s64 offset, unsigned whence); /* lseek(2) */
/* What stat(2) says, before it is given to the program: 0 or -errno. flags are AT_. */
struct MACHINE_STAT;
int stat_of_name(int dirfd, const char __user *name, int flags, struct MACHINE_STAT *st);
int stat_of_fd(int fd, struct MACHINE_STAT *st);
/* sendfile(2); *offset (NULL: the file's own position) moves on. */
long send_file(int out_fd, int in_fd, s64 *offset, size_t count);
long statfs_by_name(const char __user *name, struct kstatfs *k);
long statfs_by_fd(int fd, struct kstatfs *k);
