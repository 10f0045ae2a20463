/*
 * Sessions and process groups, for terminals too.  The families' locks guard what they
 * consist of: signal->pgrp, ->session, ->leader, ->tty.
 */
#pragma once

#include "kernel/task.h"

/*
 * A group is orphaned when no member has a parent in another group of the same session: nobody
 * could continue it once it stopped.
 */
bool is_pgrp_orphaned(pid_t pgrp); /* all families */
bool is_current_pgrp_orphaned(void);
/* Is there a group of this number in the session? 0, -ESRCH (none at all), -EPERM. All families. */
int check_pgrp_session(pid_t pgrp, pid_t session);
/* The terminal leaves its session: no process of it has one any more. Takes all families' locks. */
void clear_session_tty(pid_t session);
/* Set by the terminal driver: a session leader that has a terminal exits. May sleep. */
extern void (*tty_leader_exit)(struct tty_struct *tty);
