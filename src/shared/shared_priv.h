/* What only the processes (src/serve/, src/job/) do with the shared segment: its slots, one for
 * each living worker, and how it outlives an exec. */
#ifndef APP_SHARED_PRIV_H
#define APP_SHARED_PRIV_H

#include "app/log.h"
#include "app/metrics.h"
#include "app/shared.h"

#include <stdatomic.h>
#include <sys/types.h>

enum { BATCH_MAX = 64, RATE_SETS = 131072, RATE_WAYS = 4 };

/* Counters of rate limits that share a place in the table (rate.c). */
struct rate_set {
	_Atomic uint64_t tags;          /* 16 bits of each key's hash */
	_Atomic int64_t tat[RATE_WAYS]; /* clock_monotonic() from which on nothing counts */
};

struct worker_slot {
	_Alignas(64) _Atomic int32_t pid; /* 0: free */
	_Atomic bool ready;               /* has begun to wait for requests */
	_Atomic int64_t busy_until;       /* clock_monotonic() of its deadline; 0: idle */
	_Atomic uint64_t requests;        /* answered so far */

	/* Of a job worker (src/job/). */
	_Atomic int64_t leases; /* the first of all that it may take; 0: it is none */
	_Atomic int64_t lease;  /* under which it holds jobs; 0: none */
	_Atomic int64_t job;    /* which of these it runs; 0: none */
	_Atomic int64_t since;  /* clock_monotonic() of its begin */
	_Atomic int64_t stop;   /* the job that must stop */
	_Atomic int64_t stop_why;
	_Atomic int64_t surplus; /* the lease of which nothing more may be begun */
	_Atomic size_t nbatch, begun;
	_Atomic int64_t batch[BATCH_MAX]; /* the jobs of the lease; so many are begun */
};

/* What is measured (metrics.c). The name of a series is written once; its numbers are spread
 * over the workers, so that they do not wait for each other. */
enum { SERIES_TEXT = 160, SHARDS = 8 };
struct series {
	_Atomic uint64_t text[SERIES_TEXT / sizeof(uint64_t)];
	_Atomic bool named;
};
struct series_cells {
	_Alignas(64) _Atomic uint64_t cell[METRIC_CELLS];
};
struct measured {
	_Alignas(64) _Atomic uint64_t keys[METRIC_SERIES_MAX]; /* 0: the first free place */
	struct series series[METRIC_SERIES_MAX];
	struct series_cells cells[SHARDS][METRIC_SERIES_MAX];
};

/* What one worker found out for all (shared_reading). */
enum { READING_VALUES = 8 };
struct found {
	_Alignas(64) _Atomic int64_t told, asked; /* when; 0: never */
	_Atomic int64_t values[READING_VALUES];
};

/* A place in the queue for hashing (hash_queue.c). */
struct hash_place {
	_Atomic int32_t pid;     /* 0: free */
	_Atomic int32_t state;   /* WAITS, ASKS or HASHES (hash_queue.c) */
	_Atomic uint64_t number; /* its position; 0: none yet */
	_Atomic int64_t since;   /* clock_monotonic() */
	_Atomic uint64_t caller, client;
};

enum { EPOCHS = 65536, HASH_PLACES_MAX = 256 };

struct segment {
	_Atomic uint64_t layout; /* written last: 0 is a segment that nobody finished */
	_Atomic uint32_t nslots;
	_Atomic uint32_t workers; /* configured; the limit of hash_queue.c depends on it */
	_Atomic bool draining;
	_Atomic int32_t log_level; /* less one; 0: that of the settings */
	struct log_dropped log_dropped;
	_Alignas(64) _Atomic uint64_t hash_numbers;
	struct hash_place hash_places[HASH_PLACES_MAX];
	_Alignas(64) _Atomic uint64_t epochs[EPOCHS];
	_Atomic int64_t redis_pause; /* until when nobody asks it; 0: it answers */
	_Atomic int64_t alone_until;
	_Alignas(64) struct rate_set rates[RATE_SETS];
	struct found found[READINGS];
	struct measured measured;
};
extern struct segment *shared;

/* Which of the cells this process writes. */
extern size_t shared_shard;

/* The offset of the generation in a segment. */
size_t epoch_offset(const char *kind, const char *id);

/* Whether a segment with that layout is one of this program. */
bool shared_is_layout(uint64_t);

/* The descriptor of the segment, or -1 where it has none. It closes on exec. */
int shared_fd(void);

/* Maps the segment behind a descriptor, such as one that was kept over an exec. False, and
 * nothing changed, where it has another layout. */
bool shared_attach(int fd, unsigned n) MUST_CHECK;

/* The level of the log for all processes: a level plus one, 0 for that of the settings, -1 for
 * debug and back. */
void shared_log_level(int32_t level);

/* A slot for this process: a free one or a dead process's. NULL where all are taken. */
struct worker_slot *shared_slot_take(void) MUST_CHECK;

/* The slot of a process, or NULL. */
struct worker_slot *shared_slot_of(pid_t pid);

/* The slots, one after the other; NULL behind the last. */
struct worker_slot *shared_slot_at(unsigned i);

/* Takes a cell that holds 0 or the id of a dead process. */
bool shared_claim(_Atomic int32_t *pid) MUST_CHECK;
bool shared_is_dead(int32_t pid) MUST_CHECK;

/* Frees the places of a process in the queue for hashing. */
void hash_queue_release(pid_t pid);

/* Takes back what a process held: its slot, its places in the queue for hashing. */
void shared_release(pid_t pid);

#endif
