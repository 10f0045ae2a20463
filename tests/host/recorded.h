/*
 * A soft machine whose event stream goes to a file, and following that file.
 *
 *     recording_start();  soft_machine_init(...);  recording_begin();  frame_init();  ...
 *     recording_end();
 *     assert_int_equal(recording_follow(NULL, 0), marks);
 *
 * A test says   // needs: tests/host/recorded.c host/...   (see test_record.c).
 */
#pragma once

/* The file and the thread that fills it: before the machine, whose memory it must not share. */
void recording_start(void);
/* After soft_machine_init(), before frame_init(). */
void recording_begin(void);
/* The last mark, and the file is complete. */
void recording_end(void);
const char *recording_file(void);
void recording_remove(void);
/*
 * Follow the file; how many marks it has; -1: it is not in order. The n-th event (from 0) of the type
 * `without` is kept from the model (NULL: none).
 */
long recording_follow(const char *without, unsigned long n);
