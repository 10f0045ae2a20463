/*
 * Gauges of zones and nodes under Linux's names and in its order, for vmstat and
 * zoneinfo.
 */
#pragma once

#include "proc/proc.h"

typedef void (*gauge_printer)(struct seq_file *m, const char *name, unsigned long value);

/* NULL: sums over all; of a node: over its zones. */
void each_zone_gauge(struct seq_file *m, const struct zone *zone, gauge_printer print);
void each_zone_gauge_of_node(struct seq_file *m, const struct pglist_data *node,
			     gauge_printer print);
/* A sum of allocations' origins over a node's zones; NULL: over all. */
unsigned long numa_gauge(const struct pglist_data *node, enum numa_stat item);
void each_node_gauge(struct seq_file *m, const struct pglist_data *node, gauge_printer print);
