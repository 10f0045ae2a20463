/*
 * Gauges of zones and nodes under Linux's names and in its order, for vmstat and
 * zoneinfo.
 */
#pragma once

#include "proc/proc.h"

typedef void (*gauge_printer)(struct seq_file *m, const char *name, unsigned long value);

/* NULL: sums over all. */
void each_zone_gauge(struct seq_file *m, const struct zone *zone, gauge_printer print);
void each_node_gauge(struct seq_file *m, const struct pglist_data *node, gauge_printer print);
