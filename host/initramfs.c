/*
 * Packing the initramfs with libarchive.
 *
 * The archive goes into a memfd, so that no file is left behind however the
 * process ends; QEMU opens it as /dev/fd/N. It is not compressed: unpacking
 * would cost the guest far more instructions than reading twice the bytes.
 *
 * Times are zero for what we make and the file's own for what comes from the
 * host, and entries go in a fixed order, so the same input gives the same
 * archive (runs under --icount repeat).
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "command.h"
#include "initramfs.h"

struct names {
	char **name;
	unsigned count;
};

struct initramfs {
	struct archive *archive;
	int fd;
	struct names directories; /* made already */
	struct names added;       /* from the host */
};

static void check(struct archive *archive, int result)
{
	if (result < ARCHIVE_WARN)
		die(EXIT_MACHINE, "packing the initramfs: %s", archive_error_string(archive));
}

static bool has_name(const struct names *names, const char *name)
{
	for (unsigned i = 0; i < names->count; i++)
		if (!strcmp(names->name[i], name))
			return true;
	return false;
}

/* Grows by one: there are some dozens. */
static void add_name(struct names *names, const char *name)
{
	names->name = realloc(names->name, (names->count + 1) * sizeof(*names->name));
	if (!names->name)
		die(EXIT_MACHINE, "out of memory");
	names->name[names->count++] = format_string("%s", name);
}

static void free_names(struct names *names)
{
	for (unsigned i = 0; i < names->count; i++)
		free(names->name[i]);
	free(names->name);
}

struct initramfs *initramfs_new(void)
{
	struct initramfs *ramfs = allocate(sizeof(*ramfs));

	ramfs->fd = memfd_create("initramfs", MFD_CLOEXEC);
	if (ramfs->fd < 0)
		die(EXIT_MACHINE, "memfd_create: %s", strerror(errno));
	ramfs->archive = archive_write_new();
	check(ramfs->archive, archive_write_set_format_cpio_newc(ramfs->archive));
	check(ramfs->archive, archive_write_add_filter_none(ramfs->archive));
	check(ramfs->archive, archive_write_set_bytes_in_last_block(ramfs->archive, 1));
	check(ramfs->archive, archive_write_open_fd(ramfs->archive, ramfs->fd));
	return ramfs;
}

static void make_parents(struct initramfs *ramfs, const char *name)
{
	char *parent = strdup(name);
	char *slash = strrchr(parent, '/');

	if (slash > parent) {
		*slash = '\0';
		initramfs_add_directory(ramfs, parent);
	}
	free(parent);
}

/* A header for @name, without the data. The caller frees it. */
static struct archive_entry *new_entry(struct initramfs *ramfs, const char *name, unsigned mode)
{
	struct archive_entry *entry = archive_entry_new();

	make_parents(ramfs, name);
	archive_entry_set_pathname(entry, name + 1);
	archive_entry_set_mode(entry, mode);
	archive_entry_set_nlink(entry, S_ISDIR(mode) ? 2 : 1);
	return entry;
}

static void write_entry(struct initramfs *ramfs, struct archive_entry *entry, const void *bytes,
			size_t length)
{
	archive_entry_set_size(entry, length);
	check(ramfs->archive, archive_write_header(ramfs->archive, entry));
	if (length && archive_write_data(ramfs->archive, bytes, length) != (la_ssize_t)length)
		check(ramfs->archive, ARCHIVE_FATAL);
	archive_entry_free(entry);
}

void initramfs_add_directory(struct initramfs *ramfs, const char *name)
{
	if (has_name(&ramfs->directories, name))
		return;
	write_entry(ramfs, new_entry(ramfs, name, S_IFDIR | 0755), NULL, 0);
	add_name(&ramfs->directories, name);
}

void initramfs_add_bytes(struct initramfs *ramfs, const char *name, unsigned mode,
			 const void *bytes, size_t length)
{
	write_entry(ramfs, new_entry(ramfs, name, S_IFREG | mode), bytes, length);
}

void initramfs_add_symlink(struct initramfs *ramfs, const char *name, const char *target)
{
	struct archive_entry *entry = new_entry(ramfs, name, S_IFLNK | 0777);

	archive_entry_set_symlink(entry, target);
	write_entry(ramfs, entry, NULL, 0);
}

void initramfs_add_device(struct initramfs *ramfs, const char *name, unsigned major, unsigned minor)
{
	struct archive_entry *entry = new_entry(ramfs, name, S_IFCHR | 0600);

	archive_entry_set_rdev(entry, makedev(major, minor));
	write_entry(ramfs, entry, NULL, 0);
}

static void copy_data(struct initramfs *ramfs, const char *file, size_t length)
{
	static char buffer[1 << 16];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		die(EXIT_USAGE, "%s: %s", file, strerror(errno));
	for (; length; length -= n) {
		n = read(fd, buffer, length < sizeof(buffer) ? length : sizeof(buffer));
		if (n <= 0)
			die(EXIT_USAGE, "%s: %s", file, n ? strerror(errno) : "became shorter");
		if (archive_write_data(ramfs->archive, buffer, n) != n)
			check(ramfs->archive, ARCHIVE_FATAL);
	}
	close(fd);
}

/* One entry as libarchive found it on the host's disk, below (or at) @host. */
static void add_found(struct initramfs *ramfs, struct archive_entry *found, const char *host,
		      const char *name)
{
	const char *source = archive_entry_sourcepath(found);
	const char *below = source + strlen(host);
	char *guest = format_string("%s%s%s", name, *below && *below != '/' ? "/" : "", below);

	switch (archive_entry_filetype(found)) {
	case AE_IFDIR: initramfs_add_directory(ramfs, guest); break;
	case AE_IFLNK: initramfs_add_symlink(ramfs, guest, archive_entry_symlink(found)); break;
	case AE_IFREG: {
		struct archive_entry *entry = new_entry(ramfs, guest, archive_entry_mode(found));

		archive_entry_set_mtime(entry, archive_entry_mtime(found), 0);
		archive_entry_set_size(entry, archive_entry_size(found));
		check(ramfs->archive, archive_write_header(ramfs->archive, entry));
		copy_data(ramfs, source, archive_entry_size(found));
		archive_entry_free(entry);
		break;
	}
	default: die(EXIT_USAGE, "%s: neither file, directory nor symbolic link", source);
	}
	free(guest);
}

void initramfs_add_host(struct initramfs *ramfs, const char *host, const char *name)
{
	struct archive *disk = archive_read_disk_new();
	struct archive_entry *found = archive_entry_new();
	int result;

	add_name(&ramfs->added, name);
	/* Links below are kept; the name given may itself be a link to what is meant. */
	archive_read_disk_set_symlink_hybrid(disk);
	if (archive_read_disk_open(disk, host) != ARCHIVE_OK)
		die(EXIT_USAGE, "%s: %s", host, archive_error_string(disk));
	while ((result = archive_read_next_header2(disk, found)) == ARCHIVE_OK) {
		add_found(ramfs, found, host, name);
		archive_read_disk_descend(disk);
	}
	if (result != ARCHIVE_EOF)
		die(EXIT_USAGE, "%s", archive_error_string(disk));
	archive_entry_free(found);
	archive_read_free(disk);
}

bool initramfs_has(const struct initramfs *ramfs, const char *name)
{
	return has_name(&ramfs->added, name);
}

int initramfs_finish(struct initramfs *ramfs)
{
	int fd = ramfs->fd;

	check(ramfs->archive, archive_write_close(ramfs->archive));
	archive_write_free(ramfs->archive);
	free_names(&ramfs->directories);
	free_names(&ramfs->added);
	free(ramfs);
	return fd;
}
