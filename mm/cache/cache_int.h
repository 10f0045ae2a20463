/*
 * Between the files of mm/cache.
 */
#pragma once

#include "mm/cache/cache.h"

void page_lock_init(void);
