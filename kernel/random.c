/*
 * Random numbers: the key stream of ChaCha20 (RFC 8439, 2.3), its key from the
 * machine's entropy.
 *
 *   state   "expand 32-byte k" | key, 8 words | counter, 2 words | nonce, 2 words
 *   block   20 rounds over a copy, plus the state
 *
 * Four blocks are made at a time.  The first half of the first one replaces the key,
 * the rest is given out, each byte once and then forgotten: who reads the state
 * later cannot compute what was given out before (fast key erasure).  Every CPU has a
 * generator of its own, so there is no lock; each is keyed when it is first used.
 */
#include "kernel/random.h"
#include "kernel/initcall.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "lib/string.h"
#include "machine/info.h"
#include "mm/space/space.h"
#include "sync/percpu.h"
#include <linux/personality.h>
#include <linux/random.h>

#define KEY_BYTES 32
#define BLOCK     64
#define BLOCKS    4 /* made at once */
#define READY     (BLOCKS * BLOCK - KEY_BYTES)

struct generator {
	u32 key[8];
	u64 counter;
	bool keyed;
	u8 left; /* bytes at the end of `ready` not given out yet */
	u8 ready[READY];
};

static DEFINE_PER_CPU(struct generator, generator);

static inline u32 rotate(u32 x, unsigned n)
{
	return x << n | x >> (32 - n);
}

#define QUARTER_ROUND(a, b, c, d)      \
	do {                           \
		a += b;                \
		d = rotate(d ^ a, 16); \
		c += d;                \
		b = rotate(b ^ c, 12); \
		a += b;                \
		d = rotate(d ^ a, 8);  \
		c += d;                \
		b = rotate(b ^ c, 7);  \
	} while (0)

static void chacha20_block(const u32 state[16], u32 out[16])
{
	u32 x[16];

	memcpy(x, state, sizeof(x));
	for (unsigned i = 0; i < 10; i++) {
		QUARTER_ROUND(x[0], x[4], x[8], x[12]); /* columns */
		QUARTER_ROUND(x[1], x[5], x[9], x[13]);
		QUARTER_ROUND(x[2], x[6], x[10], x[14]);
		QUARTER_ROUND(x[3], x[7], x[11], x[15]);
		QUARTER_ROUND(x[0], x[5], x[10], x[15]); /* diagonals */
		QUARTER_ROUND(x[1], x[6], x[11], x[12]);
		QUARTER_ROUND(x[2], x[7], x[8], x[13]);
		QUARTER_ROUND(x[3], x[4], x[9], x[14]);
	}
	for (unsigned i = 0; i < 16; i++)
		out[i] = x[i] + state[i];
}

static void set_key(struct generator *g)
{
	for (unsigned i = 0; i < 4; i++) {
		u64 word = machine_entropy();

		g->key[2 * i] = (u32)word;
		g->key[2 * i + 1] = word >> 32;
	}
	g->keyed = true;
}

static void refill(struct generator *g)
{
	u32 state[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
	u32 made[BLOCKS][16];

	if (unlikely(!g->keyed))
		set_key(g);
	memcpy(&state[4], g->key, KEY_BYTES);
	for (unsigned i = 0; i < BLOCKS; i++, g->counter++) {
		state[12] = (u32)g->counter;
		state[13] = g->counter >> 32;
		chacha20_block(state, made[i]);
	}
	memcpy(g->key, made, KEY_BYTES);
	memcpy(g->ready, (u8 *)made + KEY_BYTES, READY);
	g->left = READY;
}

void get_random_bytes(void *buf, size_t bytes)
{
	struct generator *g = &this_cpu(generator);

	while (bytes) {
		size_t n;
		u8 *from;

		if (!g->left)
			refill(g);
		n = min(bytes, (size_t)g->left);
		from = g->ready + READY - g->left;
		memcpy(buf, from, n);
		memset(from, 0, n);
		g->left -= n;
		buf = (u8 *)buf + n;
		bytes -= n;
	}
}

u64 get_random_u64(void)
{
	u64 value;

	get_random_bytes(&value, sizeof(value));
	return value;
}

/* --- addresses by lot: unless norandmaps, the sysctl or personality(2) says no --- */

int sysctl_randomize_va_space = RANDOMIZE_ALL;

static enum randomize randomize_current(void)
{
	if (current->personality & ADDR_NO_RANDOMIZE || sysctl_randomize_va_space <= 0)
		return RANDOMIZE_NOTHING;
	return min(sysctl_randomize_va_space, (int)RANDOMIZE_ALL);
}

static int layout_init(void)
{
	if (boot_option("norandmaps", NULL, 0))
		sysctl_randomize_va_space = RANDOMIZE_NOTHING;
	space_limits.random = get_random_u64;
	space_limits.randomize = randomize_current;
	return 0;
}
INITCALL(INIT_EARLY, layout_init);

SYSCALL3(getrandom, u8 __user *, to, size_t, bytes, unsigned, flags)
{
	size_t done = 0;

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) ||
	    (flags & (GRND_INSECURE | GRND_RANDOM)) == (GRND_INSECURE | GRND_RANDOM))
		return -EINVAL;
	bytes = min(bytes, (size_t)(32 << 20));
	while (done < bytes) {
		u8 some[BLOCK];
		size_t n = min(bytes - done, sizeof(some));

		get_random_bytes(some, n);
		const size_t left = copy_to_user(to + done, some, n);

		done += n - left;
		if (left)
			return done ? (long)done : -EFAULT;
		if (done % PAGE_SIZE == 0) {
			cond_resched();
			if (signal_pending())
				break;
		}
	}
	return done;
}
