/* Hashes for tables in memory. They resist accidents, not an attacker: a table that strangers fill needs a bound. */
#ifndef CORE_HASH_H
#define CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Where an FNV-1a hash of 64 bits starts, before its first byte (draft-eastlake-fnv). */
#define FNV_START UINT64_C(14695981039346656037)

/* FNV-1a of one more byte, of a text without its NUL (NULL is the empty text), and of `size` bytes. `hash` is
 * FNV_START, or the hash of what comes before. Fast for short names; use it below some hundred bytes. */
static inline uint64_t fnv_byte(uint64_t hash, uint8_t byte)
{
	return (hash ^ byte) * UINT64_C(1099511628211);
}

static inline uint64_t fnv_text(uint64_t hash, const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		hash = fnv_byte(hash, (uint8_t)*text);
	return hash;
}

static inline uint64_t fnv_bytes(uint64_t hash, const void *bytes, size_t size)
{
	for (const uint8_t *at = bytes, *end = at + size; at != end; at++)
		hash = fnv_byte(hash, *at);
	return hash;
}

/* Mixes 64 bits so that each input bit changes about half of the output bits: the finalizer of SplitMix64 (Steele, Lea,
 * Flood, "Fast Splittable Pseudorandom Number Generators", 2014). It is one-to-one; 0 stays 0. */
static inline uint64_t mix_bits(uint64_t bits)
{
	bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
	return bits ^ (bits >> 31);
}

#endif
