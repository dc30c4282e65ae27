/*
 * The shared memory segment of a pool: mapped before fork(), or a file (SHM_FILE) for workers
 * without a parent. It contains only atomics, so a worker that is killed at any point leaves nothing
 * locked or inconsistent. Without shared_open(), a process has a small segment of its own (tests,
 * commands).
 */
#ifndef APP_SHARED_H
#define APP_SHARED_H

#include "app/base.h"

/* Maps a segment with `nslots` worker slots. `file` NULL or "": anonymous memory. Returns NULL or an
 * error message (a literal). */
const char *shared_open(const char *file, unsigned nslots) MUST_CHECK;

/* Epochs: counters that validate cached values, found by a hash of kind and id ("session",
 * "0193…"). A reader gets the epoch, then reads the value, and caches both; the cached value is
 * valid until the epoch changes. A writer changes the epoch after its commit (cache_invalidate()).
 * A hash collision causes an unnecessary miss, never a stale hit. */
uint64_t epoch_get(const char *kind, const char *id);
void epoch_bump(const char *kind, const char *id);

/* Changes the epoch in all other pools on this host that run as the same user (for root: as any
 * user). Reads /proc, which takes about 8 µs for each process of the host. */
void epoch_publish(const char *kind, const char *id);

/* Counts the workers that are ready, and those that are processing a request. */
void shared_workers(unsigned *ready, unsigned *busy);

/* Caches a reading for one second across all workers, so that requests cannot cause more frequent
 * ones. False: the caller must take the reading and store it with shared_report(). `size` is at most
 * 64, in int64_t values; concurrent reports may be mixed. */
enum reading { READING_HEALTH, READING_JOBS, READINGS };
bool shared_reading(enum reading, void *out, size_t size);
void shared_report(enum reading, const void *values, size_t size);

/* shared_suspend_cache() makes this host bypass the response cache in Redis for `seconds`, because
 * a change could not be published to the other hosts. shared_cache_suspended(): whether it does. */
bool shared_cache_suspended(void);
void shared_suspend_cache(int64_t seconds);

/* Whether the pool is stopping, so that /health/ready fails. */
bool shared_draining(void);
void shared_drain(void);

#endif
