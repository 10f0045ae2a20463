/*
 * The tables that the processors are given (x86/root.h).
 */
#include "x86/root.h"

/* The boot CPU starts on boot_pdpt; the first load_root() comes with the final tables. */
__aligned(64) DEFINE_PER_CPU(struct hardware_root, hardware_root) = {.root = swapper_pg_dir};
