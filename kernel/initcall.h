/*
 * Who wants to be called at boot says so where it is defined: upper floors need
 * not be known to start_kernel().  Order is by level; within a level it is
 * not defined.
 */
#pragma once

#include "machine/boot.h" /* boot_command_line */

enum initcall_level {
	INIT_EARLY,  /* before other tasks exist: caches, tables */
	INIT_FS,     /* file systems register; the root is mounted at the end */
	INIT_DEVICE, /* devices, drivers */
	INIT_LATE,   /* /proc files, sysfs, what needs devices; then the initramfs is unpacked */
};

struct initcall {
	int (*fn)(void); /* 0 or -errno, which is logged */
	const char *name;
	enum initcall_level level;
};

#define INITCALL(init_level, init_fn)                                                  \
	static const struct initcall initcall_##init_fn                                \
		__attribute__((section("initcalls"), used, aligned(sizeof(long)))) = { \
			.fn = init_fn, .name = #init_fn, .level = init_level}

void run_initcalls(enum initcall_level level);

/* The kernel command line: "name" or "name=value" handlers, called before any initcall. */
struct boot_param {
	const char *name;
	void (*fn)(const char *value); /* "" when there is none */
};
#define BOOT_PARAM(param_name, param_fn)                                                \
	static const struct boot_param boot_param_##param_fn                            \
		__attribute__((section("bootparams"), used, aligned(sizeof(long)))) = { \
			.name = param_name, .fn = param_fn}

/* Call the handlers of what stands on the command line (machine/boot.h). Once. */
void parse_boot_params(void);
/* The value of `name=` there ("" for a bare name), or NULL. */
const char *boot_param_value(const char *name, char *buf, unsigned size);
