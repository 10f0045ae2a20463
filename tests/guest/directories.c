/*
 * Names: directories, links, renaming, and the errors of each.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/check.h"

static void touch_file(const char *name)
{
	close(must(open(name, O_WRONLY | O_CREAT, 0600)));
}

static void enter(void)
{
	must(mkdir("/tmp/names", 0755));
	must(chdir("/tmp/names"));
}

static void leave(void)
{
	must(chdir("/"));
	must(rmdir("/tmp/names"));
}

static void making_and_removing(void)
{
	struct stat status;

	enter();
	must(mkdir("d", 0700));
	must(stat("d", &status));
	expect_equal(status.st_mode, S_IFDIR | 0700);
	expect_errno(mkdir("d", 0700), EEXIST);
	expect_errno(mkdir("no/d", 0700), ENOENT);
	touch_file("d/f");
	expect_errno(rmdir("d"), ENOTEMPTY);
	expect_errno(rmdir("d/f"), ENOTDIR);
	expect_errno(unlink("d"), EISDIR);
	expect_errno(open("d/f/x", O_RDONLY), ENOTDIR);
	expect_errno(open("d", O_WRONLY), EISDIR);
	expect_errno(open("d/f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	expect_errno(open("d/f", O_CREAT | O_EXCL | O_WRONLY, 0600), EEXIST);
	must(unlink("d/f"));
	must(rmdir("d"));
	expect_errno(rmdir("d"), ENOENT);
	leave();
}

static void listing(void)
{
	char name[32];
	int seen[300] = {0}, others = 0;

	enter();
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		touch_file(name);
	}
	DIR *directory = opendir(".");
	for (struct dirent *entry; (entry = readdir(directory));) {
		int number;

		if (sscanf(entry->d_name, "file-%d", &number) == 1)
			seen[number]++;
		else
			others++;
	}
	closedir(directory);
	expect_equal(others, 2); /* . and .. */
	for (int i = 0; i < 300; i++) {
		expect_equal(seen[i], 1);
		snprintf(name, sizeof(name), "file-%d", i);
		must(unlink(name));
	}
	leave();
}

static void links(void)
{
	char target[32] = "";
	struct stat status;

	enter();
	touch_file("a");
	must(link("a", "b"));
	must(stat("a", &status));
	expect_equal(status.st_nlink, 2);
	expect_errno(link("a", "b"), EEXIST);
	must(unlink("a"));
	must(stat("b", &status));
	expect_equal(status.st_nlink, 1);

	must(symlink("b", "s"));
	expect_equal(readlink("s", target, sizeof(target)), 1);
	expect_string(target, "b");
	must(lstat("s", &status));
	expect(S_ISLNK(status.st_mode));
	must(stat("s", &status));
	expect(S_ISREG(status.st_mode));
	expect_errno(open("s", O_RDONLY | O_NOFOLLOW), ELOOP);
	must(symlink("loop", "loop"));
	expect_errno(open("loop", O_RDONLY), ELOOP);
	must(symlink("/tmp/names", "self"));
	must(stat("self/self/self/b", &status));
	must(unlink("self"));
	must(unlink("loop"));
	must(unlink("s"));
	must(unlink("b"));
	leave();
}

static void renaming(void)
{
	struct stat status;

	enter();
	touch_file("a");
	must(mkdir("d", 0700));
	must(rename("a", "d/b"));
	expect_errno(stat("a", &status), ENOENT);
	touch_file("c");
	must(rename("c", "d/b")); /* replaces */
	must(mkdir("d/e", 0700));
	expect_errno(rename("d", "d/e/f"), EINVAL);
	expect_errno(rename("d/b", "d/e"), EISDIR);
	expect_errno(rename("d/e", "d/b"), ENOTDIR);
	must(mkdir("g", 0700));
	must(rename("g", "d/e")); /* an empty directory may be replaced */
	expect_errno(rename("nothing", "x"), ENOENT);
	must(rmdir("d/e"));
	must(unlink("d/b"));
	must(rmdir("d"));
	leave();
}

static void long_names(void)
{
	char name[300];

	enter();
	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	expect_errno(open(name, O_CREAT | O_WRONLY, 0600), ENAMETOOLONG);
	name[255] = '\0';
	touch_file(name);
	must(unlink(name));
	char path[5000];
	memset(path, '/', sizeof(path));
	path[4999] = '\0';
	expect_errno(open(path, O_RDONLY), ENAMETOOLONG);
	path[4000] = '\0';
	close(must(open(path, O_RDONLY)));
	expect_errno(open("", O_RDONLY), ENOENT);
	leave();
}

static void where_we_are(void)
{
	char path[256];

	enter();
	must(mkdir("d", 0700));
	must(chdir("d"));
	expect_string(getcwd(path, sizeof(path)), "/tmp/names/d");
	must(chdir(".."));
	expect_string(getcwd(path, sizeof(path)), "/tmp/names");
	expect_errno(getcwd(path, 3) ? 0 : -1, ERANGE);
	int fd = must(open("d", O_RDONLY | O_DIRECTORY));
	int file = must(openat(fd, "../at", O_CREAT | O_WRONLY, 0600));
	close(file);
	must(unlinkat(AT_FDCWD, "at", 0));
	must(fchdir(fd));
	expect_string(getcwd(path, sizeof(path)), "/tmp/names/d");
	close(fd);
	must(chdir(".."));
	must(rmdir("d"));
	leave();
}

static void modes(void)
{
	struct stat status;

	enter();
	umask(027);
	close(must(open("m", O_CREAT | O_WRONLY, 0666)));
	umask(022);
	must(stat("m", &status));
	expect_equal(status.st_mode & 07777, 0640);
	must(chmod("m", 04711));
	must(stat("m", &status));
	expect_equal(status.st_mode & 07777, 04711);
	struct timespec times[2] = {{1000000, 5}, {2000000, 7}};
	must(utimensat(AT_FDCWD, "m", times, 0));
	must(stat("m", &status));
	expect_equal(status.st_atim.tv_sec, 1000000);
	expect_equal(status.st_mtim.tv_sec, 2000000);
	must(unlink("m"));
	leave();
}

int main(void)
{
	run("directories-make", making_and_removing);
	run("directories-list", listing);
	run("directories-links", links);
	run("directories-rename", renaming);
	run("directories-long-names", long_names);
	run("directories-cwd", where_we_are);
	run("directories-modes", modes);
	return finish();
}
