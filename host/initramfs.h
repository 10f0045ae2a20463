/*
 * An initramfs in the making: a cpio archive (newc) held in memory.
 *
 * Names in the guest are absolute. Directories above a name are made when they
 * are first needed. Everything belongs to root. Any failure dies with
 * EXIT_MACHINE or, when a file of the user's cannot be read, EXIT_USAGE.
 */
#ifndef PAGODA_INITRAMFS_H
#define PAGODA_INITRAMFS_H

#include <stdbool.h>
#include <stddef.h>

struct initramfs;

struct initramfs *initramfs_new(void);
void initramfs_add_directory(struct initramfs *ramfs, const char *name);
void initramfs_add_bytes(struct initramfs *ramfs, const char *name, unsigned mode,
			 const void *bytes, size_t length);
void initramfs_add_symlink(struct initramfs *ramfs, const char *name, const char *target);
void initramfs_add_device(struct initramfs *ramfs, const char *name, unsigned major,
			  unsigned minor);

/* Adds the file or whole directory @host as @name. Symbolic links below it stay links. */
void initramfs_add_host(struct initramfs *ramfs, const char *host, const char *name);

/* Whether initramfs_add_host() has been asked for this @name before. */
bool initramfs_has(const struct initramfs *ramfs, const char *name);

/* Ends the archive, frees @ramfs. Returns a descriptor of it (close-on-exec), the caller's. */
int initramfs_finish(struct initramfs *ramfs);

#endif
