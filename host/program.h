/*
 * Finding the program a user named, and how the guest shall execute it.
 */
#ifndef PAGODA_PROGRAM_H
#define PAGODA_PROGRAM_H

struct program {
	const char *host;  /* the file to pack; NULL: it is in the initramfs anyway */
	const char *guest; /* its name there */
	const char *file;  /* what the guest executes */
	char **argv;       /* with NULL at the end; live as long as the caller's words */
};

#define GUEST_BUSYBOX   "/bin/busybox"
#define GUEST_DIRECTORY "/root" /* where programs start */

/*
 * @words: the program and its arguments, @count > 0 of them. @arch: the machine.
 * Dies with EXIT_NOT_FOUND or EXIT_NOT_RUNNABLE when there is no such program,
 * or it is not one this machine can run.
 */
void program_find(struct program *program, const char *arch, char **words, unsigned count);

/*
 * The name in the guest of the host's file @name: absolute names stay, others are
 * below GUEST_DIRECTORY, where programs start, without leading "../".
 */
char *program_guest_name(const char *name);

/*
 * What the dynamic program @file needs beside itself, the dynamic linker first; a
 * list with NULL at its end, empty for any other file. Dies when a library is missing.
 */
char **program_libraries(const char *file, const char *arch);

/* The applets of the host's busybox, "NAME\nNAME\n...", read once. Dies when there is none. */
const char *busybox_applets(void);

/*
 * A static busybox for the machine: the host's, or the one that `make ARCH=i386' has fetched. Dies
 * when it is missing.
 */
const char *busybox_file(const char *arch);

#endif
