/*
 * Threads that race for a while: each runs its body until racing() says no; what one finds wrong
 * fails the case when all have ended.
 */
#ifndef GUEST_RACE_H
#define GUEST_RACE_H

#include <stdbool.h>

#define RACERS 8 /* at most */

/* Run the bodies, each in a thread of its own (NULL ends the list), for so long. */
void race(double seconds, void (*const bodies[])(void));
/* Goes on: not yet over, and nothing wrong. */
bool racing(void);
/* The first one counts. */
void race_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* This racer's own random numbers. */
unsigned long race_random(void);
/* Which of the bodies this thread runs. */
int racer(void);
/* How often something happened, for a line of comment: a test that raced nothing shows no race. */
void race_count(void);

/* Read or write a word that may not be there: false when SIGSEGV or SIGBUS came. */
bool try_read(const volatile unsigned long *at, unsigned long *value);
bool try_write(volatile unsigned long *at, unsigned long value);

#endif
