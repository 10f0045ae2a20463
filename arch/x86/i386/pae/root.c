/*
 * The tables that the processors are given (machine/root.h).
 */
#include "machine/root.h"

/* The boot CPU starts on boot_pdpt; the first load_root() comes with the final tables. */
__aligned(64) DEFINE_PER_CPU(struct hardware_root, hardware_root) = {.root = swapper_pg_dir};
