/*
 * The wire: how `pagoda run` on the host and our init in the guest talk.
 *
 * The machine has three serial ports with fixed parts:
 *
 *	ttyS0	the terminal: what the user types and sees, raw bytes both ways.
 *		Used only by those of the program's three streams that are
 *		terminals on the host.
 *	ttyS1	the wire: frames, described here. Carries the streams that are
 *		not terminals, and signals, window size and the exit status.
 *	ttyS2	the kernel's console (ttyS0 when an interactive shell runs).
 *
 * A frame is one byte of type, two of length (little endian), then that many
 * bytes. Several streams share one port, so end of file, the order of output
 * and errors, and binary data are exact.
 *
 * A serial port loses bytes when the guest does not read them in time: its tty
 * holds 4 KiB at most. So the host has a window: at most WIRE_WINDOW bytes of
 * STDIN frames (headers counted) that the guest has not yet given back by a
 * CREDIT frame. SIGNAL, WINSIZE and STDIN_END are few and small and not counted.
 * Towards the host nothing is lost: QEMU holds the guest's transmitter.
 * The host sends nothing before READY.
 */
#ifndef PAGODA_WIRE_H
#define PAGODA_WIRE_H

#define WIRE_VERSION     1
#define WIRE_HEADER      3
#define WIRE_PAYLOAD_MAX 512
#define WIRE_FRAME_MAX   (WIRE_HEADER + WIRE_PAYLOAD_MAX)
#define WIRE_WINDOW      2048

enum wire_type {
	/* guest to host */
	WIRE_READY = 'R',  /* one byte: WIRE_VERSION */
	WIRE_STDOUT = 'O', /* bytes the program wrote */
	WIRE_STDERR = 'E',
	WIRE_CREDIT = 'C', /* two bytes: so many bytes of STDIN frames are consumed */
	WIRE_EXIT = 'X',   /* two bytes: the program's wait status, as wait(2) gives it */
	/* host to guest */
	WIRE_STDIN = 'I',
	WIRE_STDIN_END = 'Z', /* no payload */
	WIRE_SIGNAL = 'S',    /* one byte: Linux's number of the signal */
	WIRE_WINSIZE = 'W',   /* rows, columns: two bytes each */
};

/*
 * What init is to run stands in this file of the initramfs, as strings that end
 * in a NUL each:
 *
 *	streams		three letters for stdin, stdout, stderr: t(erminal), p(ipe), n(othing:
 *			/dev/null, and no STDIN frames come)
 *	rows columns	of the terminal, in decimal, "0 0" when there is none
 *	argc envc	how many strings each list below has
 *	swap		areas to be switched on first: "DEVICE PRIORITY KIB" after each other, in
 *			order, priority -1: none; KIB 0: it has its header; "": none of them
 *	directory	to start in
 *	file		to execute
 *	argv...
 *	environment...
 */
#define WIRE_RUN_FILE    "/etc/pagoda-run"
#define WIRE_RUN_MAX     65536 /* bytes of that file */
#define WIRE_RUN_STRINGS 1024  /* in each list */

#endif
