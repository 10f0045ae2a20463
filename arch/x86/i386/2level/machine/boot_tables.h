/*
 * The first directory is the final one.
 */
#pragma once

#define BOOT_DIRECTORY    swapper_pg_dir
#define BOOT_TABLES_BYTES (3 * 4096)
