/*
 * From a path name to a file.
 *
 * The walk goes component by component, crossing mount points downwards and (by
 * "..") upwards, never above the task's root.  A symbolic link is followed by
 * putting its target in front of what is left of the name and going on, from the
 * root if the target is absolute; forty links end in ELOOP.
 *
 *     name     usr/lib/x      link usr -> /mnt/usr      left: /mnt/usr/lib/x
 */
#include "fs/vfs.h"
#include "kernel/task.h"
#include "lib/string.h"
#include "machine/uaccess.h"
#include "mm/slab/slab.h"
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/mount.h>

#define MAX_LINKS 40

struct walk {
	struct path path; /* where we are; references */
	char *text;       /* PATH_MAX bytes of our own */
	char *rest;       /* what is left of the name, in text */
	unsigned links;
	bool want_dir; /* the name ended in a slash */
};

char *get_name(const char __user *name)
{
	char *text = kmalloc(PATH_MAX, GFP_KERNEL);
	long len;

	if (!text)
		return ERR_PTR(-ENOMEM);
	len = strncpy_from_user(text, name, PATH_MAX);
	if (len < 0 || len >= PATH_MAX) {
		kfree(text);
		return ERR_PTR(len < 0 ? len : -ENAMETOOLONG);
	}
	return text;
}

void put_name(char *name)
{
	kfree(name);
}

/* Replace where we are; the new references are handed over. */
static void walk_to(struct walk *w, struct mount *mnt, struct dentry *dentry)
{
	path_put(&w->path);
	w->path = (struct path){mnt, dentry};
}

static int walk_begin(struct walk *w, int dirfd, const char *name)
{
	*w = (struct walk){};
	if (strnlen(name, PATH_MAX) == PATH_MAX)
		return -ENAMETOOLONG;
	if (name[0] == '/') {
		task_root(&w->path);
	} else if (dirfd == AT_FDCWD) {
		task_pwd(&w->path);
	} else {
		struct file *file = fget(dirfd);

		if (!file)
			return -EBADF;
		if (name[0] && (file->inode->mode & S_IFMT) != S_IFDIR) {
			fput(file);
			return -ENOTDIR;
		}
		w->path = file->path;
		path_get(&w->path);
		fput(file);
	}
	w->text = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!w->text) {
		path_put(&w->path);
		return -ENOMEM;
	}
	str_copy(w->text, name, PATH_MAX);
	w->rest = w->text;
	return 0;
}

static void walk_end(struct walk *w)
{
	kfree(w->text);
}

/* What is mounted on (mnt, dentry), and on that, ...: follow to the top. */
static void cross_mounts(struct walk *w)
{
	struct mount *on;

	while (w->path.dentry->mounted && (on = mount_on(w->path.mnt, w->path.dentry)))
		walk_to(w, on, dget(on->root));
}

static void walk_up(struct walk *w)
{
	struct path root;

	task_root(&root);
	for (;;) {
		struct mount *mnt = w->path.mnt;
		struct dentry *d = w->path.dentry;

		if (mnt == root.mnt && d == root.dentry)
			break;
		if (d != mnt->root) {
			spin_lock(&dcache_lock);
			struct dentry *parent = dget(d->parent);
			spin_unlock(&dcache_lock);
			mntget(mnt);
			walk_to(w, mnt, parent);
			break;
		}
		if (!mnt->parent)
			break;
		mntget(mnt->parent);
		walk_to(w, mnt->parent, dget(mnt->mountpoint));
	}
	path_put(&root);
	cross_mounts(w);
}

/* Cut the next component off; NULL when there is none. *last: nothing but slashes follows. */
static char *next_component(struct walk *w, bool *last)
{
	char *at = w->rest, *end;

	while (*at == '/')
		at++;
	if (!*at)
		return NULL;
	end = at;
	while (*end && *end != '/')
		end++;
	w->want_dir = *end == '/';
	w->rest = end;
	while (*w->rest == '/')
		w->rest++;
	*last = !*w->rest;
	*end = 0;
	return at;
}

/* The link's target in front of what is left. */
static int substitute(struct walk *w, struct dentry *link)
{
	struct inode *inode = link->inode;
	char *text;
	int len;

	if (++w->links > MAX_LINKS)
		return -ELOOP;
	if (inode->ops->follow) {
		struct path to;
		int err = inode->ops->follow(inode, &to);

		if (!err)
			walk_to(w, to.mnt, to.dentry);
		return err;
	}
	text = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	len = inode->ops->readlink(inode, link, text, PATH_MAX);
	if (len >= 0 && (size_t)len + strlen(w->rest) + 2 > PATH_MAX)
		len = -ENAMETOOLONG;
	if (len == 0)
		len = -ENOENT;
	if (len < 0) {
		kfree(text);
		return len;
	}
	text[len] = 0;
	if (*w->rest || w->want_dir) {
		text[len++] = '/';
		str_copy(text + len, w->rest, PATH_MAX - len);
	}
	kfree(w->text);
	w->text = w->rest = text;
	if (text[0] == '/') {
		struct path root;

		task_root(&root);
		walk_to(w, root.mnt, root.dentry);
	}
	return 0;
}

static bool is_symlink(const struct dentry *d)
{
	return d->inode && (d->inode->mode & S_IFMT) == S_IFLNK;
}

/* May we search here? The place must be a directory. */
static int may_search(struct walk *w)
{
	struct inode *dir = w->path.dentry->inode;

	if ((dir->mode & S_IFMT) != S_IFDIR)
		return -ENOTDIR;
	return inode_permission(dir, MAY_EXEC);
}

/*
 * One step into `name`. 0: w->path is there; 1: a link was substituted, go on with w->rest.
 */
static int step(struct walk *w, const char *name, bool follow)
{
	int err = may_search(w);
	struct dentry *d;

	if (err)
		return err;
	if (name[0] == '.' && !name[1])
		return 0;
	if (name[0] == '.' && name[1] == '.' && !name[2]) {
		walk_up(w);
		return 0;
	}
	d = lookup_one(w->path.dentry, name, strlen(name));
	if (IS_ERR(d))
		return PTR_ERR(d);
	if (!d->inode) {
		dput(d);
		return -ENOENT;
	}
	if (is_symlink(d) && follow) {
		err = substitute(w, d);
		dput(d);
		return err ? err : 1;
	}
	mntget(w->path.mnt);
	walk_to(w, w->path.mnt, d);
	cross_mounts(w);
	return 0;
}

/* Walk all components but, if `parent`, the last: then *last is it, or NULL for "/", "." and "..". */
static int walk_through(struct walk *w, unsigned flags, bool parent, char **last_name)
{
	bool last = false;
	char *name;

	if (parent)
		*last_name = NULL;
	while ((name = next_component(w, &last))) {
		bool dots = name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
		int err;

		if (last && parent && !dots) {
			err = may_search(w);
			if (!err)
				*last_name = name;
			return err;
		}
		err = step(w, name, !last || (flags & LOOKUP_FOLLOW) || w->want_dir);
		if (err < 0)
			return err;
	}
	if ((w->want_dir || (flags & LOOKUP_DIRECTORY)) && !parent &&
	    (w->path.dentry->inode->mode & S_IFMT) != S_IFDIR)
		return -ENOTDIR;
	return 0;
}

int path_lookup(int dirfd, const char *name, unsigned flags, struct path *path)
{
	struct walk w;
	int err;

	if (!name[0] && !(flags & LOOKUP_EMPTY))
		return -ENOENT;
	err = walk_begin(&w, dirfd, name);
	if (err)
		return err;
	err = walk_through(&w, flags, false, NULL);
	if (err)
		path_put(&w.path);
	else
		*path = w.path;
	walk_end(&w);
	return err;
}

int user_path(int dirfd, const char __user *user_name, unsigned flags, struct path *path)
{
	char *name = get_name(user_name);
	int err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	err = path_lookup(dirfd, name, flags, path);
	put_name(name);
	return err;
}

int path_parent(int dirfd, const char *name, struct parent_path *parent)
{
	struct walk w;
	char *last;
	int err;

	if (!name[0])
		return -ENOENT;
	err = walk_begin(&w, dirfd, name);
	if (err)
		return err;
	err = walk_through(&w, 0, true, &last);
	if (!err) {
		parent->path = w.path;
		parent->last[0] = 0;
		if (last && str_copy(parent->last, last, sizeof(parent->last)) > 255)
			err = -ENAMETOOLONG;
		parent->slash = w.want_dir;
	}
	if (err)
		path_put(&w.path);
	walk_end(&w);
	return err;
}

/* The last component of an open with O_CREAT: what exists, or a new regular file. */
static int open_last(struct walk *w, const char *last, u32 flags, u32 mode, struct dentry **result,
		     bool *created)
{
	struct dentry *parent = w->path.dentry, *d;
	struct inode *dir = parent->inode;
	int err = 0;

	down_write(&dir->lock);
	d = lookup_one_locked(parent, last, strlen(last));
	if (IS_ERR(d)) {
		up_write(&dir->lock);
		return PTR_ERR(d);
	}
	if (d->inode) {
		if (flags & O_EXCL)
			err = -EEXIST;
	} else if (!dir->nlink) {
		err = -ENOENT; /* the directory was removed */
	} else if (w->path.mnt->flags & MS_RDONLY) {
		err = -EROFS;
	} else {
		err = inode_permission(dir, MAY_WRITE | MAY_EXEC);
		if (!err && (!dir->ops || !dir->ops->create))
			err = -EACCES;
		if (!err)
			err = dir->ops->create(dir, d, S_IFREG | (mode & ~current_umask() & 07777));
		*created = !err;
	}
	up_write(&dir->lock);
	if (err)
		dput(d);
	else
		*result = d;
	return err;
}

/* Walk to the file that open names; made if O_CREAT says so. */
static int open_walk(struct walk *w, u32 flags, u32 mode, bool *created)
{
	bool follow = !(flags & O_NOFOLLOW) && !((flags & O_CREAT) && (flags & O_EXCL));

	if (!(flags & O_CREAT)) {
		int err = walk_through(w, follow ? LOOKUP_FOLLOW : 0, false, NULL);

		return err;
	}
	for (;;) {
		struct dentry *d = NULL;
		char *last;
		int err = walk_through(w, 0, true, &last);

		if (err)
			return err;
		if (!last)
			return -EISDIR;
		if (strlen(last) > 255)
			return -ENAMETOOLONG;
		if (w->want_dir)
			return -EISDIR;
		err = open_last(w, last, flags, mode, &d, created);
		if (err)
			return err;
		if (is_symlink(d) && follow) {
			bool object = d->inode->ops->follow != NULL;

			err = substitute(w, d);
			dput(d);
			if (err || object)
				return err;
			continue;
		}
		mntget(w->path.mnt);
		walk_to(w, w->path.mnt, d);
		cross_mounts(w);
		return 0;
	}
}

struct file *open_path(int dirfd, const char *name, u32 flags, u32 mode)
{
	bool created = false;
	struct file *file;
	struct walk w;
	int err;

	if (!name[0])
		return ERR_PTR(-ENOENT);
	err = walk_begin(&w, dirfd, name);
	if (err)
		return ERR_PTR(err);
	err = open_walk(&w, flags, mode, &created);
	file = err ? ERR_PTR(err) : open_found(&w.path, flags, created);
	path_put(&w.path);
	walk_end(&w);
	return file;
}

struct file *open_kernel(const char *name, u32 flags)
{
	return open_path(AT_FDCWD, name, flags, 0);
}
