/*
 * The machine: one QEMU process and the channels to it.
 */
#ifndef PAGODA_MACHINE_H
#define PAGODA_MACHINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "options.h"

enum machine_channel {
	CHANNEL_TERMINAL, /* ttyS0, see wire.h */
	CHANNEL_WIRE,     /* ttyS1 */
	CHANNEL_CONSOLE,  /* ttyS2 */
	CHANNEL_MONITOR,  /* QEMU's own, QMP: it tells why the machine stopped */
	CHANNEL_ERRORS,   /* what QEMU writes on its stdout and stderr; read only */
	NR_CHANNELS,
};

struct machine {
	pid_t pid;
	int channels[NR_CHANNELS]; /* non-blocking; the caller closes them */
};

/*
 * Starts the machine. @initrd: a descriptor of the initramfs, or -1 to use
 * @options->initrd. @console_on_terminal: the kernel's console is ttyS0, not ttyS2.
 * @record: a descriptor of the memory that the kernel records its events in, or -1.
 * @swap: descriptors of the disks for --swap, in order.
 *
 * QEMU is a process group of its own, so that the keys of the host's terminal do
 * not reach it, and dies with this process, however this process dies.
 * Dies with EXIT_MACHINE when no process can be made; when QEMU itself is missing
 * or fails, CHANNEL_ERRORS says so and the process ends.
 */
void machine_start(struct machine *machine, const struct run_options *options, int initrd,
		   int record, const int *swap, bool console_on_terminal);

#endif
