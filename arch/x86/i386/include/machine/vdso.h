/*
 * The kernel's code for programs, a shared object (arch/x86/i386/vdso): exec maps it, and the machine
 * remembers for each space where it is (machine/segments.h), since programs come back there from SYSENTER
 * and from signal handlers.
 */
#pragma once

/* The file; constant after boot, at most a page. */
extern char vdso_image[], vdso_image_end[];

/* Distances from its beginning, as addresses of symbols. */
extern const char vdso___kernel_vsyscall[];  /* AT_SYSINFO */
extern const char vdso___kernel_sigreturn[]; /* what a handler returns to, by its kind of frame */
extern const char vdso___kernel_rt_sigreturn[];
extern const char vdso_sysenter[], vdso_landing[]; /* MOV and SYSENTER; where they come back to */
