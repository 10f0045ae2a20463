/*
 * A session: from the machine's start to the exit status of its program.
 */
#ifndef PAGODA_SESSION_H
#define PAGODA_SESSION_H

#include <stdbool.h>

#include "machine.h"
#include "options.h"

/* Blocks the signals that a session receives. Call it before machine_start(). */
void session_block_signals(void);

/*
 * Carries streams, signals and window sizes between this process and @machine
 * until the machine is gone and all it said is written. Returns the exit status
 * for the process (command.h), and has told on stderr what went wrong, if
 * anything did. @stream_is_terminal: which of our three streams the guest sees as
 * the terminal. @show_console: copy the kernel's console to stderr as it comes.
 */
int session_run(struct machine *machine, const struct run_options *options,
		const bool stream_is_terminal[3], bool show_console);

#endif
