/*
 * swapon -p PRIORITY DEVICE, for machines that have no room for util-linux's: busybox's may lack priorities.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/swap.h>

int main(int argc, char **argv)
{
	if (argc != 4 || strcmp(argv[1], "-p") != 0) {
		fputs("usage: swapon -p PRIORITY DEVICE\n", stderr);
		return 1;
	}
	if (swapon(argv[3], SWAP_FLAG_PREFER | atoi(argv[2]))) {
		perror(argv[3]);
		return 1;
	}
	return 0;
}
