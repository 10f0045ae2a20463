/*
 * Random numbers: the key stream of ChaCha20 (RFC 8439, 2.3), its key from the
 * machine's entropy.
 *
 *   state   "expand 32-byte k" | key, 8 words | counter, 2 words | nonce, 2 words
 *   block   20 rounds over a copy, plus the state
 *
 * After each block the key is replaced by the first half of the block, and only the
 * second half is given out, each byte once and then forgotten: who reads the state
 * later cannot compute what was given out before (fast key erasure).  Every CPU has a
 * generator of its own, so there is no lock; each is keyed when it is first used.
 */
#include "kernel/random.h"
#include "kernel/initcall.h"
#include "kernel/syscall.h"
#include "lib/string.h"
#include "machine/info.h"
#include "mm/space/space.h"
#include "sync/percpu.h"
#include <linux/random.h>

#define HALF_BLOCK 32

struct generator {
	u32 key[8];
	u64 counter;
	bool keyed;
	u8 left; /* bytes at the end of `ready` not given out yet */
	u8 ready[HALF_BLOCK];
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
	u32 state[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, block[16];

	if (unlikely(!g->keyed))
		set_key(g);
	memcpy(&state[4], g->key, sizeof(g->key));
	state[12] = (u32)g->counter;
	state[13] = g->counter >> 32;
	g->counter++;
	chacha20_block(state, block);
	memcpy(g->key, block, sizeof(g->key));
	memcpy(g->ready, &block[8], HALF_BLOCK);
	g->left = HALF_BLOCK;
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
		from = g->ready + HALF_BLOCK - g->left;
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

/* Addresses are chosen at random unless the command line has norandmaps. */
static int layout_init(void)
{
	space_limits.random = get_random_u64;
	space_limits.randomize = !boot_option("norandmaps", NULL, 0);
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
		u8 half[HALF_BLOCK];
		size_t n = min(bytes - done, sizeof(half));

		get_random_bytes(half, n);
		if (copy_to_user(to + done, half, n))
			return done ? (long)done : -EFAULT;
		done += n;
		if (done % PAGE_SIZE == 0) {
			cond_resched();
			if (signal_pending())
				break;
		}
	}
	return done;
}
