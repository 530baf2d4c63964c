/* Random numbers that are cheap and not secret: for jitter, span ids and lease names. Keys and tokens are libsodium's.
 */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

#include "core/hash.h"

/* A state to start from, from the kernel. Never 0, so that 0 can mean "not started". */
static inline uint64_t random_seed(void)
{
	uint64_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		abort(); /* no kernel without a random source runs this program */
	return seed | 1;
}

/* The next number of SplitMix64 (core/hash.h). The state belongs to one thread. 2^64 calls give 2^64 distinct numbers.
 */
static inline uint64_t random_next(uint64_t *state)
{
	return mix_bits(*state += UINT64_C(0x9e3779b97f4a7c15));
}

#endif
