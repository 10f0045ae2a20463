/*
 * On which CPU the calling thread runs.
 */
#ifndef GUEST_AFFINITY_H
#define GUEST_AFFINITY_H

void stay_on(int cpu); /* there by the time it returns */
void anywhere(void);

#endif
