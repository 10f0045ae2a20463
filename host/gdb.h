/*
 * Where QEMU waits for gdb.
 */
#ifndef PAGODA_GDB_H
#define PAGODA_GDB_H

/* The name of this process' socket, unless the user names another. */
char *gdb_default_socket(void);

#endif
