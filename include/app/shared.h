/*
 * The segment that all processes of a host share: mapped before the fork, or a file
 * (SHM_FILE) for workers without a parent. Nothing in it but atomics, so a worker killed
 * anywhere leaves nothing locked or torn. Without shared_open() a process has a small
 * one of its own (tests, commands).
 */
#ifndef APP_SHARED_H
#define APP_SHARED_H

#include "app/base.h"

/* Maps a segment with that many worker slots; `file` NULL or "": anonymous memory.
 * Returns NULL, or what went wrong, for a person. */
const char *shared_open(const char *file, unsigned nslots) MUST_CHECK;

/* Generations: one counter for each of many things that a worker may have cached, found
 * by a hash of its kind and id ("session", "0193…"). Who writes the thing bumps the counter
 * after the commit (cache_invalidate() sees to that); who read it keeps the counter's value from
 * before the read, and takes what it has for fresh only while the counter still says the
 * same. Two things that share a counter cost a needless miss, never a stale hit. */
uint64_t epoch_get(const char *kind, const char *id);
void epoch_bump(const char *kind, const char *id);

/* Changes it in all other pools on this host that run as the same user (as root: any user). Reads
 * /proc, which takes about 8 µs for each process of the host. */
void epoch_publish(const char *kind, const char *id);

/* How many workers there are, and how many of them are at work. */
void shared_workers(unsigned *ready, unsigned *busy);

/* What one worker found out, all of them tell for a second, so that nobody can make them ask
 * more often. False: the caller shall find out and say it with shared_report(). At most 64
 * bytes of int64_t; two that tell at once may mix theirs. */
enum reading { READING_HEALTH, READING_JOBS, READINGS };
bool shared_reading(enum reading, void *out, size_t size);
void shared_report(enum reading, const void *values, size_t size);

/* For so many seconds this host does without what hosts share: they were not told of a change
 * that it knows. */
bool shared_alone(void);
void shared_be_alone(int64_t seconds);

/* The pool is stopping: /health/ready says so. */
bool shared_draining(void);
void shared_drain(void);

#endif
