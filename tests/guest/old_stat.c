/*
 * stat(2) as programs of i386 called it before there were files of 64 bits, against fstatat64.
 * Numbers 18, 28, 84 (device numbers of 16 bits, whole seconds) and 106 to 108.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/check.h"

#define FILE_NAME "/tmp/old_stat"
#define LINK_NAME "/tmp/old_stat_link"

enum { OLDEST = 18, OLDEST_F = 28, OLDEST_L = 84, OLD = 106, OLD_L = 107, OLD_F = 108 };

/* As the kernel's headers have them, whose names are the C library's, too. */
struct oldest {
	uint16_t dev, ino, mode, nlink, uid, gid, rdev;
	uint32_t size, atime, mtime, ctime;
};
struct old {
	uint32_t dev, ino;
	uint16_t mode, nlink, uid, gid;
	uint32_t rdev, size, blksize, blocks, atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns,
		unused[2];
};

static int make_file(void)
{
	int fd = must(open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC, 0640));

	must(write(fd, "12345", 5));
	unlink(LINK_NAME);
	must(symlink(FILE_NAME, LINK_NAME));
	return fd;
}

static void remove_file(int fd)
{
	close(fd);
	must(unlink(FILE_NAME));
	must(unlink(LINK_NAME));
}

static void expect_old(const struct old *old, const struct stat *st)
{
	expect_equal(old->dev, st->st_dev);
	expect_equal(old->ino, st->st_ino);
	expect_equal(old->mode, st->st_mode);
	expect_equal(old->nlink, st->st_nlink);
	expect_equal(old->size, st->st_size);
	expect_equal(old->blksize, st->st_blksize);
	expect_equal(old->blocks, st->st_blocks);
	expect_equal(old->mtime, st->st_mtime);
	expect_equal(old->mtime_ns, st->st_mtim.tv_nsec);
	expect_equal(old->ctime, st->st_ctime);
	expect_equal(old->unused[0] | old->unused[1], 0);
}

static void old_form(void)
{
	struct old old;
	struct stat st;
	int fd = make_file();

	must(fstat(fd, &st));
	memset(&old, 0xff, sizeof(old));
	expect_equal(syscall(OLD, LINK_NAME, &old), 0);
	expect_old(&old, &st);
	memset(&old, 0xff, sizeof(old));
	expect_equal(syscall(OLD_F, fd, &old), 0);
	expect_old(&old, &st);
	must(lstat(LINK_NAME, &st));
	expect_equal(syscall(OLD_L, LINK_NAME, &old), 0);
	expect_old(&old, &st);
	must(fchown(fd, 70000, 65535));
	expect_equal(syscall(OLD_F, fd, &old), 0);
	expect_equal(old.uid, 65534);
	expect_equal(old.gid, 65535);
	expect_errno(syscall(OLD, "/tmp/no such file", &old), ENOENT);
	expect_errno(syscall(OLD, FILE_NAME, 16), EFAULT);
	expect_errno(syscall(OLD_F, 999, &old), EBADF);
	must(ftruncate(fd, 0x7fffffff));
	expect_equal(syscall(OLD_F, fd, &old), 0);
	must(ftruncate(fd, 0x80000000LL));
	expect_errno(syscall(OLD_F, fd, &old), EOVERFLOW);
	remove_file(fd);
}

static void oldest_form(void)
{
	struct oldest oldest;
	struct stat st;
	int fd = make_file(), null = must(open("/dev/null", O_RDONLY));

	must(fstat(fd, &st));
	if (st.st_ino > 0xffff)
		skip("the file's number is too large for this form");
	expect_equal(syscall(OLDEST, LINK_NAME, &oldest), 0);
	expect_equal(oldest.ino, st.st_ino);
	expect_equal(oldest.mode, st.st_mode);
	expect_equal(oldest.nlink, 1);
	expect_equal(oldest.size, 5);
	expect_equal(oldest.mtime, st.st_mtime);
	expect_equal(syscall(OLDEST_F, fd, &oldest), 0);
	expect_equal(oldest.mode, st.st_mode);
	expect_equal(syscall(OLDEST_L, LINK_NAME, &oldest), 0);
	expect_equal(oldest.mode, S_IFLNK | 0777);
	expect_equal(syscall(OLDEST_F, null, &oldest), 0);
	expect_equal(oldest.rdev, 0x103);
	expect_errno(syscall(OLDEST_F, 999, &oldest), EBADF);
	must(ftruncate(fd, 0x80000000LL));
	expect_errno(syscall(OLDEST_F, fd, &oldest), EOVERFLOW);
	close(null);
	remove_file(fd);
}

int main(void)
{
	run("old-stat", old_form);
	run("old-stat-oldest", oldest_form);
	return finish();
}
