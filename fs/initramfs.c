/*
 * The initial file system: a cpio archive (newc format) from the boot loader,
 * plain or gzip, unpacked into the root.
 *
 * Several archives may stand behind each other, zeros between them, each
 * compressed or not.  The parser is fed pieces of any size (gunzip hands over its
 * window) and gathers what it needs: a header of 110 bytes, then a name, then --
 * for regular files -- data that goes straight to the file, each padded to four
 * bytes.
 *
 *     "070701" ino mode uid gid nlink mtime filesize devmajor devminor
 *     rdevmajor rdevminor namesize check     (8 hex digits each)     name\0 data
 *
 * Files with several names come as several members; only the last carries the
 * data.  The first one's path is remembered by inode number and linked to.
 *
 * A later member replaces an earlier one of the same name; so a file does not end up behind a
 * symbolic link.  What is broken ends the unpacking with a message; what was unpacked stays.
 */
#include "fs/files.h"
#include "fs/inflate.h"
#include "kernel/initcall.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "machine/boot.h"
#include "mm/frame/frame.h"
#include "mm/slab/slab.h"
#include <linux/fcntl.h>
#include <linux/limits.h>

#define HEADER_BYTES 110
enum field { INO, MODE, UID, GID, NLINK, MTIME, FILESIZE, MAJ, MIN, RMAJ, RMIN, NAMESIZE, FIELDS };

struct linked { /* a file with several names */
	struct linked *next;
	u32 ino, major, minor;
	char path[];
};

enum state { HEADER, NAME, DATA, SKIP, DONE };

struct unpacker {
	enum state state;
	char header[HEADER_BYTES];
	char name[PATH_MAX + 1];
	size_t have, want; /* bytes gathered and needed of header or name */
	u64 offset;        /* in the archive, for padding */
	u64 left;          /* of data or padding to skip */
	u32 field[FIELDS];
	struct file *file; /* being written */
	u64 pos;
	struct linked *links;
	unsigned files;
	const char *error;
};

static bool parse_hex(const char *text, u32 *value)
{
	*value = 0;
	for (int i = 0; i < 8; i++) {
		char c = text[i] | 0x20;

		if (c >= '0' && c <= '9')
			*value = *value << 4 | (c - '0');
		else if (c >= 'a' && c <= 'f')
			*value = *value << 4 | (c - 'a' + 10);
		else
			return false;
	}
	return true;
}

static int fail(struct unpacker *u, const char *error)
{
	u->error = error;
	return -EINVAL;
}

/* Skip to the next multiple of four, then expect a header. */
static void next_member(struct unpacker *u)
{
	u->have = 0;
	u->want = HEADER_BYTES;
	u->left = -u->offset & 3;
	u->state = u->left ? SKIP : HEADER;
}

static int header_done(struct unpacker *u)
{
	if (memcmp(u->header, "070701", 6) && memcmp(u->header, "070702", 6))
		return fail(u, "no cpio magic");
	for (int i = 0; i < FIELDS; i++)
		if (!parse_hex(u->header + 6 + 8 * i, &u->field[i]))
			return fail(u, "bad cpio header");
	if (u->field[NAMESIZE] == 0 || u->field[NAMESIZE] > PATH_MAX)
		return fail(u, "bad cpio name size");
	u->have = 0;
	/* Header and name together are padded. */
	u->want = ALIGN_UP(HEADER_BYTES + u->field[NAMESIZE], 4) - HEADER_BYTES;
	if (u->want > sizeof(u->name))
		return fail(u, "bad cpio name size");
	u->state = NAME;
	return 0;
}

/* The path to link to if this inode was seen before; otherwise it is remembered. */
static const char *seen_before(struct unpacker *u, const char *path)
{
	struct linked *l;

	if (u->field[NLINK] < 2)
		return NULL;
	for (l = u->links; l; l = l->next)
		if (l->ino == u->field[INO] && l->major == u->field[MAJ] &&
		    l->minor == u->field[MIN])
			return l->path;
	l = kmalloc(sizeof(*l) + strlen(path) + 1, GFP_KERNEL);
	if (l) {
		l->ino = u->field[INO];
		l->major = u->field[MAJ];
		l->minor = u->field[MIN];
		str_copy(l->path, path, strlen(path) + 1);
		l->next = u->links;
		u->links = l;
	}
	return NULL;
}

static void set_attributes(const char *path, const struct unpacker *u)
{
	struct path p;

	if (path_lookup(AT_FDCWD, path, 0, &p))
		return;
	struct inode *inode = p.dentry->inode;

	inode->mode = (inode->mode & S_IFMT) | (u->field[MODE] & 07777);
	inode->uid = u->field[UID];
	inode->gid = u->field[GID];
	inode->mtime = inode->atime = inode->ctime = (struct fs_time){.sec = u->field[MTIME]};
	path_put(&p);
}

/* What an earlier member left under the name makes room, unless it is of the same type. */
static void make_room(const char *path, u32 type)
{
	struct path p;
	u32 old;

	if (path_lookup(AT_FDCWD, path, 0, &p))
		return;
	old = p.dentry->inode->mode & S_IFMT;
	path_put(&p);
	if (old != type)
		kernel_remove(path, old == S_IFDIR);
}

static int open_file(struct unpacker *u, const char *path, u32 flags)
{
	u->file = open_path(AT_FDCWD, path, O_WRONLY | O_CREAT | O_LARGEFILE | flags, 0600);
	if (IS_ERR(u->file)) {
		pr_err("initramfs: cannot create %s: error %ld\n", path, PTR_ERR(u->file));
		u->file = NULL;
	}
	u->pos = 0;
	return 0;
}

static int make_entry(struct unpacker *u, const char *path)
{
	u32 mode = u->field[MODE];
	const char *other;

	make_room(path, mode & S_IFMT);
	switch (mode & S_IFMT) {
	case S_IFDIR:
		if (kernel_mkdir(path, mode & 07777) == -ENOSPC)
			return -ENOSPC;
		set_attributes(path, u);
		break;
	case S_IFREG:
		other = seen_before(u, path);
		if (other) {
			make_room(path, 0);
			kernel_link(other, path);
		}
		/* An empty one of several names has its data with another: keep that. */
		open_file(u, path, other && !u->field[FILESIZE] ? 0 : O_TRUNC);
		set_attributes(path, u);
		break;
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		kernel_mknod(path, mode, MKDEV(u->field[RMAJ], u->field[RMIN]));
		set_attributes(path, u);
		break;
	}
	u->files++;
	return 0;
}

static int name_done(struct unpacker *u)
{
	int err;

	u->name[u->field[NAMESIZE] - 1] = 0;
	u->left = u->field[FILESIZE];
	if (!strcmp(u->name, "TRAILER!!!")) {
		u->state = DONE;
		return 0;
	}
	if ((u->field[MODE] & S_IFMT) ==
	    S_IFLNK) { /* the target is the data: gathered behind the name */
		size_t used = u->field[NAMESIZE];

		if (u->left >= PATH_MAX || used + u->left + 1 > sizeof(u->name))
			return fail(u, "symbolic link too long");
		u->have = used;
		u->want = used + u->left;
		u->state = DATA;
		if (!u->left)
			next_member(u);
		return 0;
	}
	err = make_entry(u, u->name);
	if (err)
		return fail(u, "no space left");
	u->state = DATA;
	if (!u->left) {
		if (u->file)
			fput(u->file);
		u->file = NULL;
		next_member(u);
	}
	return 0;
}

/* Take data bytes; they go to the open file, to the link's target, or nowhere. */
static int data(struct unpacker *u, const u8 *bytes, size_t n)
{
	if ((u->field[MODE] & S_IFMT) == S_IFLNK) {
		memcpy(u->name + u->have, bytes, n);
		u->have += n;
	} else if (u->file) {
		struct iov_iter iter;
		long written;

		iter_init_kernel(&iter, (void *)bytes, n);
		written = u->file->ops->write(u->file, &iter, &u->pos);
		if (written != (long)n)
			return fail(u, written == -ENOMEM ? "out of memory" : "write error");
	}
	u->left -= n;
	if (u->left)
		return 0;
	if ((u->field[MODE] & S_IFMT) == S_IFLNK) {
		u->name[u->have] = 0;
		make_room(u->name, 0);
		kernel_symlink(u->name + u->field[NAMESIZE], u->name);
		u->files++;
	} else if (u->file) {
		u->file->inode->mtime = (struct fs_time){.sec = u->field[MTIME]};
		fput(u->file);
		u->file = NULL;
	}
	next_member(u);
	return 0;
}

static int feed(void *arg, const u8 *bytes, size_t n)
{
	struct unpacker *u = arg;

	while (n && u->state != DONE) {
		size_t take = n;
		int err = 0;

		if (u->state == HEADER || u->state == NAME)
			take = min(n, u->want - u->have);
		else
			take = min((u64)n, u->left);
		u->offset += take;
		switch (u->state) {
		case HEADER:
		case NAME:
			memcpy((u->state == HEADER ? u->header : u->name) + u->have, bytes, take);
			u->have += take;
			if (u->have == u->want)
				err = u->state == HEADER ? header_done(u) : name_done(u);
			break;
		case DATA: err = data(u, bytes, take); break;
		default:
			u->left -= take;
			if (!u->left)
				u->state = HEADER;
		}
		if (err)
			return err;
		bytes += take;
		n -= take;
	}
	return 0;
}

static void end_archive(struct unpacker *u)
{
	if (u->file)
		fput(u->file);
	u->file = NULL;
	while (u->links) {
		struct linked *l = u->links;

		u->links = l->next;
		kfree(l);
	}
	u->state = HEADER;
	u->have = u->offset = 0;
	u->want = HEADER_BYTES;
}

static void unpack_error(const char *error)
{
	printk(KERN_EMERG "Initramfs unpacking failed: %s\n", error);
}

/* A plain archive: it ends with its trailer, which may be in the middle of what is left. */
static size_t unpack_plain(struct unpacker *u, const u8 *at, size_t bytes)
{
	size_t used = 0;

	while (used < bytes && u->state != DONE && !u->error) {
		size_t piece = min(bytes - used, PAGE_SIZE);
		u64 before = u->offset;

		feed(u, at + used, piece);
		used += u->offset - before;
	}
	return used;
}

static void unpack_all(struct unpacker *u, const u8 *at, size_t bytes)
{
	while (bytes && !u->error) {
		size_t used = 0;
		int err = 0;

		if (*at == 0) {
			at++;
			bytes--;
			continue;
		}
		if (bytes >= 2 && at[0] == 0x1f && at[1] == 0x8b)
			err = gunzip(at, bytes, &used, feed, u);
		else if (bytes >= 6 && !memcmp(at, "07070", 5))
			used = unpack_plain(u, at, bytes);
		else
			u->error = "invalid magic at start of compressed archive";
		if (err && !u->error)
			u->error = err == -ENODATA  ? "compressed archive is truncated"
				   : err == -ENOMEM ? "out of memory"
						    : "compressed archive is damaged";
		if (!u->error && u->state != DONE)
			u->error = "archive is truncated";
		end_archive(u);
		at += used;
		bytes -= used;
	}
	if (u->error)
		unpack_error(u->error);
}

/* What Linux's built-in archive has, so that a console opens even without an initrd. */
static void default_tree(void)
{
	kernel_mkdir("/dev", 0755);
	kernel_mknod("/dev/console", S_IFCHR | 0600, MKDEV(5, 1));
	kernel_mkdir("/root", 0700);
}

static int initramfs_init(void)
{
	struct unpacker *u = kzalloc(sizeof(*u), GFP_KERNEL);

	if (!u)
		return -ENOMEM;
	default_tree();
	u->want = HEADER_BYTES;
	if (initrd_bytes) {
		pr_info("Unpacking initramfs...\n");
		unpack_all(u, phys_to_virt(initrd_start), initrd_bytes);
		free_reserved_range(initrd_start, initrd_bytes);
		pr_info("Freeing initrd memory: %lluK\n", (unsigned long long)initrd_bytes >> 10);
	}
	kfree(u);
	return 0;
}
INITCALL(INIT_LATE, initramfs_init);
