/*
 * Files: inodes, names, mounts, open files.  Only as much as memory management
 * needs to be real: every regular file's data is in the page cache, and reading,
 * writing, mapping and running it go through there.
 *
 *   fd --> struct file --> inode --> address_space --> pages
 *              |             ^
 *              +-> path = (mount, dentry)
 *
 * Locks, outermost first: rename_mutex (RANK_RENAME), directory inode lock
 * (RANK_INODE_DIR, parent before child), file position, regular inode lock,
 * then dcache_lock (a spinlock) for the links between names.
 */
#pragma once

#include "lib/list.h"
#include "mm/cache/cache.h"
#include "mm/space/space.h"
#include "sync/epoch.h"
#include "sync/mutex.h"
#include <linux/stat.h>
#include <linux/types.h>

struct super_block;
struct dentry;
struct inode;
struct file;
struct mount;
struct kstatfs;
struct poll_table;
struct dir_context;
struct task_struct;

/* A place in the tree of mounts; mnt is NULL for files without a directory. */
struct path {
	struct mount *mnt;
	struct dentry *dentry;
};

struct fs_time {
	s64 sec;
	u32 nsec;
};
struct fs_time fs_now(void);

#define MKDEV(major, minor) ((u32)(major) << 20 | (minor))
#define MAJOR(dev)          ((dev) >> 20)
#define MINOR(dev)          ((dev)&0xfffff)

struct inode_operations { /* of directories, unless it says otherwise; dir's lock is held */
	/* Give the dentry its inode (d_attach), or leave it without: no such name. */
	int (*lookup)(struct inode *dir, struct dentry *dentry);
	int (*create)(struct inode *dir, struct dentry *dentry, u32 mode);
	int (*mknod)(struct inode *dir, struct dentry *dentry, u32 mode, u32 dev);
	int (*mkdir)(struct inode *dir, struct dentry *dentry, u32 mode);
	int (*symlink)(struct inode *dir, struct dentry *dentry, const char *target);
	int (*link)(struct inode *inode, struct inode *dir, struct dentry *dentry);
	int (*unlink)(struct inode *dir, struct dentry *dentry);
	int (*rmdir)(struct inode *dir, struct dentry *dentry);
	int (*rename)(struct inode *from_dir, struct dentry *from, struct inode *to_dir,
		      struct dentry *to);
	/* Symlinks: copy the target to buf (NUL-ended, PATH_MAX); bytes or -errno. */
	int (*readlink)(struct inode *inode, struct dentry *dentry, char *buf, size_t size);
	/* Symlinks that lead to an object rather than a name (/proc/self/fd/N, exe, cwd). */
	int (*follow)(struct inode *inode, struct path *path);
	/* Any inode: bring i_mode, size, owner up to date before they are shown or checked. */
	void (*refresh)(struct inode *inode);
	/* Any inode, its lock held: size change (pages beyond are dropped already). 0 or -errno. */
	int (*truncate)(struct inode *inode, u64 size);
};

struct inode {
	u32 mode;     /* (lock) type and permissions: S_IFREG | 0644 */
	u32 uid, gid; /* (lock) */
	u32 nlink;    /* (the directory's lock) */
	u64 ino;
	u64 size;   /* (lock) bytes; 64-bit reads are atomic on 64-bit machines */
	u64 blocks; /* 512-byte units */
	u32 rdev;   /* devices: which */
	u32 seals;  /* (lock) F_SEAL_: what nobody may do to a file in memory any more (memfd.c) */
	struct fs_time atime, mtime, ctime;
	struct rw_semaphore lock;
	atomic_t count;   /* references; 0: evicted */
	atomic_t writers; /* files open for writing, or, negative, open as running programs */
	struct super_block *sb;
	const struct inode_operations *ops;
	const struct file_operations *fops;
	struct address_space *mapping; /* &data, or a device's */
	struct address_space data;
	void *private; /* the file system's or the driver's */
};

struct file_operations {
	int (*open)(struct inode *inode, struct file *file);
	void (*release)(struct inode *inode, struct file *file); /* the last reference went */
	/* Move *pos by what was done. Bytes or -errno. May sleep. */
	long (*read)(struct file *file, struct iov_iter *to, u64 *pos);
	long (*write)(struct file *file, struct iov_iter *from, u64 *pos);
	s64 (*llseek)(struct file *file, s64 offset, int whence);
	/* Emit entries from ctx->pos on, moving it, until emit() says it is full. 0 or -errno. */
	int (*readdir)(struct file *file, struct dir_context *ctx);
	/* POLL bits that hold now; poll_wait() on whatever may change them. */
	unsigned (*poll)(struct file *file, struct poll_table *table);
	long (*ioctl)(struct file *file, unsigned cmd, unsigned long arg);
	long (*fcntl)(struct file *file, unsigned cmd,
		      unsigned long arg); /* what fcntl.c does not know */
	/* A mapping is made: set vma->vm_ops and the like; NULL: page cache if there is one, else ENODEV. */
	int (*mmap)(struct file *file, struct vm_area_struct *vma);
	int (*fsync)(struct file *file);
	int (*fallocate)(struct file *file, int mode, u64 offset, u64 len);
};

struct dir_context {
	u64 pos; /* where to go on; the file system counts as it likes, 0 is the start */
	/* False: the buffer is full, stop. */
	bool (*emit)(struct dir_context *ctx, const char *name, unsigned len, u64 next_pos, u64 ino,
		     unsigned type);
};

/* A name in a directory. With an inode, or (briefly) without: a name that does not exist. */
struct dentry {
	atomic_t count;
	struct dentry *parent; /* (dcache_lock) itself at the root; holds a reference */
	struct inode *inode;   /* a reference; set once by d_attach, cleared by d_delete */
	struct super_block *sb;
	struct list_head children, sibling; /* (dcache_lock) */
	struct dentry *hash_next; /* (dcache_lock; read in an epoch, like hash, parent, name) */
	struct epoch_head epoch;  /* of a free one */
	u32 hash;
	bool hashed;      /* (dcache_lock) found by lookup */
	bool pinned;      /* memory file systems: the name tree is the directory */
	unsigned mounted; /* (dcache_lock) mounts on it */
	unsigned name_len;
	char *name; /* (dcache_lock) NUL-ended; our own allocation, replaced by rename */
};

struct mount {
	struct super_block *sb;
	struct dentry *root;       /* of what is mounted */
	struct mount *parent;      /* NULL: the root mount */
	struct dentry *mountpoint; /* in parent */
	struct list_head list;     /* (dcache_lock) all mounts */
	char *source;              /* "tmpfs", "/dev/vda" as given */
	u32 flags;                 /* MS_RDONLY, MS_NOSUID, ... */
	int id;
	atomic_t count; /* open files, working directories: busy */
};

struct file_system_type {
	const char *name;
	bool needs_device;
	/* Fill a new super block from the options string (may be NULL): root dentry. 0 or -errno. */
	int (*fill)(struct super_block *sb, const char *source, const char *options);
	struct list_head list;
};

struct super_operations {
	void (*evict)(struct inode *inode); /* the last reference went; pages are gone already */
	/* Is a cached name still true? NULL: always. It is looked up afresh if not. */
	bool (*revalidate)(struct dentry *dentry);
	int (*statfs)(struct super_block *sb, struct kstatfs *st);
	/* For /proc/mounts: ",size=..": bytes stored. */
	int (*show_options)(struct super_block *sb, char *buf, size_t size);
	/* The last mount went: let go of the names that memory holds. Then evictions, then kill. */
	void (*release_tree)(struct super_block *sb);
	void (*kill)(struct super_block *sb);
};

struct super_block {
	const struct file_system_type *type;
	const struct super_operations *ops;
	struct dentry *root;
	u32 dev;   /* st_dev */
	u32 flags; /* MS_ */
	u64 magic;
	u64 next_ino; /* atomic */
	void *private;
};

struct kstatfs {
	u64 type, bsize, blocks, bfree, bavail, files, ffree, namelen;
	u32 dev;
};

struct file {
	atomic_long_t count;
	u32 flags; /* O_ flags; O_NONBLOCK and O_APPEND change by fcntl */
	u32 mode;  /* FMODE_ */
	int claim; /* what it adds to inode->writers */
	const struct file_operations *ops;
	struct inode *inode; /* == path.dentry->inode */
	struct path path;
	u64 pos; /* (pos_lock) */
	struct mutex pos_lock;
	void *private;
	struct address_space *mapping;
	u32 errors_seen; /* of writing the mapping back: cache_write_error() */
	struct epoch_head epoch;
};
#define FMODE_READ  1u
#define FMODE_WRITE 2u
#define FMODE_SEEK  4u
#define FMODE_EXEC  8u /* open as a running program: nobody may open it for writing */

/* --- files and descriptors (fs/file.c) --- */
struct file *file_alloc(const struct path *path, u32 flags, const struct file_operations *ops);
void get_file(struct file *file);
void fput(struct file *file);
struct file *fget(int fd); /* the current task's, with a reference; NULL: EBADF */
int fd_install(struct file *file,
	       u32 flags); /* takes over the reference: fd or -EMFILE (then put) */
int fd_close(int fd);
/* Another task's, for /proc/PID/fd: with a reference; the next fd >= *fd. NULL at the end. */
struct file *task_next_file(struct task_struct *task, unsigned *fd);
/* A file without a name in any directory ("pipe:[12]", memfd): inode's reference is taken over. */
struct file *anon_file(const char *name, struct inode *inode, const struct file_operations *ops,
		       u32 flags);

/* --- names --- */
extern spinlock_t dcache_lock;
struct dentry *d_alloc(struct dentry *parent, const char *name,
		       unsigned len);                      /* not hashed; NULL */
void d_attach(struct dentry *dentry, struct inode *inode); /* takes over a reference; hashes */
void d_delete(struct dentry *dentry);                      /* the name is gone */
/* A hashed name with its count taken, or NULL: not cached. */
struct dentry *d_lookup(struct dentry *parent, const char *name, unsigned len);
/* Under this parent: from the cache or by the directory's lookup; may come without an inode. ERR_PTR. */
struct dentry *lookup_one(struct dentry *parent, const char *name, unsigned len);
/* As lookup_one with the directory's lock held by the caller. */
struct dentry *lookup_one_locked(struct dentry *parent, const char *name, unsigned len);
int d_move(struct dentry *dentry, struct dentry *to_parent, const char *name, unsigned len);
struct dentry *d_make_root(struct super_block *sb, struct inode *inode); /* takes over; NULL */
static inline struct dentry *dget(struct dentry *dentry)
{
	atomic_inc(&dentry->count);
	return dentry;
}
void dput(struct dentry *dentry);
void path_get(const struct path *path);
void path_put(const struct path *path);
/* "/a/b" as seen from the task's root, at the end of buf; " (deleted)" when it is. ERR_PTR(-ENAMETOOLONG). */
char *d_path(const struct path *path, char *buf, size_t size);

/* --- path walk (fs/namei.c) --- */
#define LOOKUP_FOLLOW    1u /* a symlink at the end is followed */
#define LOOKUP_DIRECTORY 2u
#define LOOKUP_PARENT    4u
#define LOOKUP_EMPTY     8u /* "" is the start itself */
/* From a kernel string. 0 and a referenced path, or -errno. */
int path_lookup(int dirfd, const char *name, unsigned flags, struct path *path);
/* As path_lookup from user memory. */
int user_path(int dirfd, const char __user *name, unsigned flags, struct path *path);
/* A copy of a user path name (PATH_MAX at most): free with kfree. ERR_PTR. */
char *get_name(const char __user *name);
/* Free what get_name() returned. */
void put_name(char *name);
/* For making or removing a name: where it is or will be. */
struct parent_path {
	struct path path; /* the directory; a reference */
	char last[256];   /* the name; "" for "/", "." and ".." */
	bool slash;       /* the name was given with a slash behind it */
};
int path_parent(int dirfd, const char *name, struct parent_path *parent);
struct file *open_path(int dirfd, const char *name, u32 flags, u32 mode); /* ERR_PTR */
/* Count a file as a writer (exec: as a program) of its inode: 0 or -ETXTBSY. Undone by fput(). */
int file_claim(struct file *file, u32 fmode);
/* The file at `path` (a reference of its own), permissions checked; O_TRUNC done. ERR_PTR. */
struct file *open_found(const struct path *path, u32 flags, bool created);
struct file *open_kernel(const char *name, u32 flags); /* from "/" */
int inode_permission(struct inode *inode,
		     unsigned mask); /* MAY_ bits: 4 read, 2 write, 1 execute */
#define MAY_EXEC  1u
#define MAY_WRITE 2u
#define MAY_READ  4u
/* Kernel-made entries: for initramfs and devices. 0 or -errno. */
int kernel_mkdir(const char *path, u32 mode);
int kernel_mknod(const char *path, u32 mode, u32 dev);
int kernel_symlink(const char *target, const char *path);
int kernel_link(const char *from, const char *path);
int kernel_remove(const char *path, bool dir); /* unlink, or rmdir */
/* What start_init() runs: opens the console, executes rdinit=, init= or the usual ones. */
int run_init(void);

/* --- the task's own: root, working directory, umask (fs/fs_struct.c) --- */
struct fs_struct {
	atomic_t count;
	spinlock_t lock;
	struct path root, pwd; /* (lock) references */
	u32 umask;
};
void task_root(struct path *path); /* the current task's, with references */
void task_pwd(struct path *path);
u32 current_umask(void);

/* --- inodes --- */
struct inode *inode_alloc(struct super_block *sb, u32 mode); /* count 1, new ino, times now; NULL */
void iput(struct inode *inode);
static inline void ihold(struct inode *inode)
{
	atomic_inc(&inode->count);
}
/* Cut or extend a regular file. 0 or -errno. Takes the inode's lock. */
int inode_set_size(struct inode *inode, u64 size);
/* Set ops by type for devices, FIFOs: what S_IFMT says. */
void init_special_inode(struct inode *inode, u32 mode, u32 dev);

/* --- registering --- */
void register_filesystem(struct file_system_type *type);
/* The types in order of registration, NULL first and last; for /proc/filesystems. */
const struct file_system_type *next_filesystem(const struct file_system_type *after);
/* The first mount: type "rootfs". Once, at boot. */
int mount_root(void);
/* Characters devices: minors [minor, minor+count). name: where devtmpfs shows it (NULL: nowhere). */
int register_chrdev(u32 major, u32 minor, u32 count, const struct file_operations *ops);
int devtmpfs_add(const char *name, u32 mode,
		 u32 dev); /* /dev/name; kept until devtmpfs is mounted */
void devtmpfs_remove(const char *name);
/* What block device inodes are opened by; there is one kind (drivers/blkdev.c). NULL: none. */
extern const struct file_operations *blkdev_fops;
const struct file_operations *chrdev_ops(u32 dev);

/* --- mounts --- */
int mount_fs(const char *type, const char *source, const char *target, u32 flags,
	     const char *options);
/* Walk all mounts visible to the task, by id; for /proc/mounts. With a reference. NULL at the end. */
struct mount *next_mount(int after_id);
/* What is mounted on dentry in mnt, with a reference; NULL: nothing. */
struct mount *mount_on(struct mount *mnt, struct dentry *dentry);
void mntget(struct mount *mnt); /* NULL is allowed, as for mntput */
void mntput(struct mount *mnt);

/* --- helpers that many share --- */
/* For address_space_ops of files that are written back: an inode's reference. */
bool inode_hold_mapping(struct address_space *mapping);
void inode_release_mapping(struct address_space *mapping);
/* Write the file's dirty pages and wait, then tell of errors: most of an fsync. 0 or -errno. */
int generic_sync(struct file *file);
long generic_read(struct file *file, struct iov_iter *to, u64 *pos);
long generic_write(struct file *file, struct iov_iter *from, u64 *pos);
s64 generic_llseek(struct file *file, s64 offset, int whence);
int dcache_readdir(struct file *file, struct dir_context *ctx); /* for pinned name trees */
void map_source_of(struct file *file, struct map_source *source);
s64 dir_llseek(struct file *file, s64 offset, int whence); /* positions mean what readdir says */
extern const struct file_operations generic_dir_ops;       /* pinned name trees */
u32 decode_dev(u64 dev); /* a device number as programs write it -> MKDEV's */

/*
 * A file in memory without a name in any directory, open for reading and writing: shared
 * anonymous memory ("dev/zero"), memfd, SysV segments. ERR_PTR.
 */
struct file *shmem_file(const char *name, u64 bytes, u32 flags);

/* --- poll --- */
struct poll_table {
	/* Queue the caller on head; NULL: only look. */
	void (*queue)(struct poll_table *table, struct wait_queue_head *head);
};
static inline void poll_wait(struct wait_queue_head *head, struct poll_table *table)
{
	if (table && table->queue)
		table->queue(table, head);
}

/* --- text files: /proc and the like (fs/seq.c) --- */
/* A growing buffer that a show function prints into; the whole text is made at open or first read. */
struct seq_file {
	char *buf;
	size_t size, count;
	bool overflow; /* show is called again with a larger buffer */
	void *private;
};
void seq_printf(struct seq_file *m, const char *fmt, ...) __printf(2, 3);
void seq_puts(struct seq_file *m, const char *s);
void seq_putc(struct seq_file *m, char c);
void seq_write(struct seq_file *m, const void *bytes, size_t n);
/* A path as /proc prints it: blanks etc. as \ooo. */
void seq_path(struct seq_file *m, const struct path *path, const char *escape);
/* The read method of files whose text show() makes. */
int seq_open(struct file *file, int (*show)(struct seq_file *m, void *private), void *private);
void *seq_private(const struct file *file); /* what seq_open() was given */
long seq_read(struct file *file, struct iov_iter *to, u64 *pos);
s64 seq_llseek(struct file *file, s64 offset, int whence);
void seq_release(struct inode *inode, struct file *file);
