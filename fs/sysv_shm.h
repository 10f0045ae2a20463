/*
 * System V shared memory (shmget(2), shmat(2), shmctl(2)): what /proc shows and sets of it.
 */
#pragma once

#include "fs/vfs.h"
#include <asm/shmbuf.h>

/* A segment as shmctl(IPC_STAT) and /proc/sysvipc/shm tell of it. */
struct shm_status {
	struct shmid64_ds ds;
	int id;
	unsigned long resident, swapped; /* pages */
};
/* The next segment at or behind place *index, which is set behind it. False: there is none. */
bool shm_next(unsigned *index, struct shm_status *status);

/* Limits, of /proc/sys/kernel: bytes of one segment, pages of all, how many there may be. */
extern unsigned long sysctl_shmmax, sysctl_shmall;
extern int sysctl_shmmni;
/* 1: a segment goes with the last process that attached it, or the one that made it. */
extern int sysctl_shm_rmid_forced;
/* It has become 1: segments that nobody has attached and whose makers are gone go now. */
void shm_destroy_orphans(void);

/* The task ends: it is no longer the maker of any segment. Its memory is detached already. */
void shm_exit(struct task_struct *task);
