/*
 * What the library's files say to each other.
 */
#pragma once

#include "host/libpagoda/pagoda.h"
#include "machine/soft.h"
#include "mm/space/space.h"

/* files.c */
void files_init(void);
/* What mmap needs to know of a file. */
struct map_source file_source(struct pagoda_file *file);
/* The file that an area maps; NULL: none that pagoda_file_new() made. */
struct pagoda_file *file_of_area(const struct vm_area_struct *vma);
