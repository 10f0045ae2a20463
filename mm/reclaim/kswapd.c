/*
 * kswapd: the thread of each node that keeps some memory free, so that nobody has to wait for it
 * (SYSTEM.md S41).
 *
 *	free pages of a zone
 *	  high  - - - - - - - - .- - - - .    kswapd has brought it back here, and sleeps
 *	              \        /          \
 *	  low   - - - -\- - - / - - - - - -\  a request finds no zone above low: it wakes kswapd,
 *	                \    /                and goes on down to min meanwhile
 *	  min   - - - - -\--/ - - - - - - -   one that finds none above min reclaims by itself (direct.c)
 *
 * Balanced is a node when one zone that the requests could use has its high mark.  (Small zones keep
 * their reserve against requests that could go higher, so those do not wear them down.)
 *
 * It goes round the lists looking at ever more of them, 1/4096 at first, all in the end, as long as that brings too
 * little.  Pages on their way to a disk are waited for, not looked at again and again.  When sixteen
 * times in a row nothing could be had it gives up: who needs memory finds that out for himself, and if he
 * does get some, wakes it anew.
 *
 * After work it sleeps a tenth of a second first: if it is called for in that time, or the zones are
 * short again, the marks were too close, which /proc/vmstat shows (kswapd_low_wmark_hit_quickly).
 *
 * Requests of higher orders: a node is asked to have such a block, but no more than a few rounds are spent
 * on it: single pages are what reclaim can promise.
 */
#include "lib/errno.h"
#include "lib/printf.h"
#include "mm/frame/marks.h"
#include "mm/reclaim/scan.h"
#include "mm/lru/written.h"
#include "sync/wait.h"

#define NAP_NS   100000000ULL
#define GIVEN_UP 16U

struct kswapd {
	struct wait_queue_head wait;
	struct pglist_data *node; /* constant */
	struct task_struct *task; /* constant once it runs */
	char name[20];            /* constant */
	/* What it was called for since it last looked; words without a lock, races lose at most a call. */
	int highest; /* -1: nothing */
	unsigned order;
	unsigned failures; /* atomic: balancings in a row that freed nothing */
};

static struct kswapd kswapds[MAX_NUMNODES];

bool node_balanced(const struct pglist_data *node, enum zone_type highest, unsigned order)
{
	const struct reach high = {.mark = WMARK_HIGH};
	bool any = false;

	for (unsigned z = 0; z <= highest; z++) {
		const struct zone *zone = &node->zone[z];

		if (!zone->managed_pages)
			continue;
		any = true;
		if (zone_has_enough(zone, order, MIGRATE_MOVABLE, highest, high))
			return true;
	}
	return !any;
}

static void wake_kswapd(struct zone *zone, unsigned order)
{
	struct kswapd *k = &kswapds[zone->node->nid];

	if (!k->task || !zone->managed_pages)
		return;
	if (order > READ_ONCE(k->order))
		WRITE_ONCE(k->order, order);
	if ((int)zone->type > READ_ONCE(k->highest)) {
		WRITE_ONCE(k->highest, (int)zone->type);
		smp_mb(); /* before we look whether it waits: it looks for calls when it does */
	}
	if (!waitqueue_active(&k->wait) || READ_ONCE(k->failures) >= GIVEN_UP ||
	    node_balanced(zone->node, zone->type, order))
		return;
	trace_kswapd_wake(zone->node->nid, zone->type, order, 0);
	wake_up(&k->wait);
}

void kswapd_encourage(struct pglist_data *node)
{
	WRITE_ONCE(kswapds[node->nid].failures, 0);
}

bool node_unreclaimable(const struct pglist_data *node)
{
	return READ_ONCE(kswapds[node->nid].failures) >= GIVEN_UP;
}

/* Pages to free in a round: what the zones need to be at their high marks. */
static unsigned long round_size(const struct pglist_data *node, enum zone_type highest)
{
	unsigned long pages = 0;

	for (unsigned z = 0; z <= highest; z++)
		if (node->zone[z].managed_pages)
			pages +=
				max(node->zone[z].watermark[WMARK_HIGH], (unsigned long)SCAN_BATCH);
	return pages;
}

/* Until the node is balanced, or nothing more can be done. Pages freed. */
static unsigned long balance(struct pglist_data *node, enum zone_type highest, unsigned order)
{
	const unsigned long before = pages_freed_written();
	struct scan scan = {
		.highest = highest,
		.how = RECLAIM_SWAP | RECLAIM_WRITE,
		.by_kswapd = true,
	};
	unsigned long all = 0;

	trace_kswapd_run(node->nid, highest, order, 0);
	for (scan.priority = SCAN_PRIORITY; scan.priority > 0;) {
		if (node_balanced(node, highest, order))
			break;
		const unsigned long written = pages_freed_written();

		scan.freed = scan.scanned = scan.writing = 0;
		scan.wanted = round_size(node, highest);
		if (pages_written_out() < scan.wanted)
			reclaim_policy->shrink_node(&scan, node);
		all += scan.freed;
		scan.freed += pages_freed_written() - written;
		if (scan.freed + pages_written_out() < scan.wanted)
			scan.priority--;
		if (scan.freed < scan.wanted)
			wait_for_written(pages_freed_written(), SCAN_BATCH, NAP_NS);
		if (scan.priority == SCAN_PRIORITY / 2 && scan.freed == 0)
			all += frame_ops.shrink(GFP_KERNEL);
		if (order && all >= 2UL << order)
			order = 0;
		cond_resched();
	}
	drain_local_pages(); /* what was freed is to be seen by others */
	return all + (pages_freed_written() - before);
}

/* Nobody calls, and nothing is short. */
static bool may_sleep(const struct kswapd *k, enum zone_type highest)
{
	return READ_ONCE(k->failures) >= GIVEN_UP || node_balanced(k->node, highest, 0);
}

static void sleep_for(struct kswapd *k, u64 ns, u64 *left)
{
	struct wait_queue_entry entry = {.task = current};

	list_init(&entry.list);
	prepare_to_wait(&k->wait, &entry, TASK_INTERRUPTIBLE);
	/* A call that found nobody waiting yet has woken nobody. */
	if (ns != FOREVER || READ_ONCE(k->highest) < 0)
		*left = schedule_timeout(ns);
	finish_wait(&k->wait, &entry);
}

static void rest(struct kswapd *k, enum zone_type highest)
{
	u64 left = 0;

	if (may_sleep(k, highest)) {
		trace_kswapd_sleep(k->node->nid, highest, READ_ONCE(k->failures), 0);
		sleep_for(k, NAP_NS, &left);
		if (left == 0 && may_sleep(k, highest) && READ_ONCE(k->highest) < 0) {
			sleep_for(k, FOREVER, &left);
			return;
		}
	}
	if (left)
		trace_low_mark_hit(k->node->nid, 0, 0, 0);
	else
		trace_high_mark_hit(k->node->nid, 0, 0, 0);
}

static int kswapd(void *arg)
{
	struct kswapd *k = arg;
	enum zone_type highest = MAX_NR_ZONES - 1;

	(void)task_set_reclaiming(true);
	for (;;) {
		unsigned long freed;
		unsigned order;
		int called;

		rest(k, highest);
		called = xchg(&k->highest, -1);
		order = xchg(&k->order, 0u);
		highest = called < 0 ? highest : (enum zone_type)called;
		if (READ_ONCE(k->failures) >= GIVEN_UP)
			continue;
		freed = balance(k->node, highest, order);
		WRITE_ONCE(k->failures,
			   freed || node_balanced(k->node, highest, 0) ? 0 : k->failures + 1);
	}
	return 0;
}

void kswapd_init(void)
{
	int nid;

	for_each_node (nid) {
		kswapds[nid].node = node_data[nid];
		kswapds[nid].highest = -1;
		init_waitqueue_head(&kswapds[nid].wait);
	}
	frame_ops.wake_kswapd = wake_kswapd;
}

int kswapd_run(void)
{
	int nid;

	for_each_node (nid) {
		struct task_struct *task;

		if (!node_data[nid]->present_pages)
			continue;
		snprintf(kswapds[nid].name, sizeof(kswapds[nid].name), "kswapd%u", (unsigned)nid);
		task = kthread_run(kswapd, &kswapds[nid], kswapds[nid].name);
		if (IS_ERR(task))
			return PTR_ERR(task);
		WRITE_ONCE(kswapds[nid].task, task);
	}
	return 0;
}
