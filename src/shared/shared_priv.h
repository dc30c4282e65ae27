/* The layout of the shared segment, for src/shared/ and the processes (src/serve/, src/job/). */
#ifndef APP_SHARED_PRIV_H
#define APP_SHARED_PRIV_H

#include "app/log.h"
#include "app/metrics.h"
#include "app/shared.h"

#include <stdatomic.h>
#include <sys/types.h>

enum { RATE_SETS = 131072, RATE_WAYS = 4 };

/* A set of rate limit counters (rate.c). */
struct rate_set {
	_Atomic uint64_t tags;          /* 16 bits of the hash of each key */
	_Atomic int64_t tat[RATE_WAYS]; /* clock_monotonic() at which the counter expires */
};

struct worker_slot {
	_Alignas(64) _Atomic int32_t pid; /* 0: free */
	_Atomic bool ready;               /* waits for requests or jobs */
	_Atomic int64_t busy_until;       /* clock_monotonic() of its deadline; 0: idle */
	_Atomic uint64_t requests;        /* number of requests processed */

	_Atomic int64_t lease; /* of its jobs (src/job/); 0: none yet */
};

/* The series of the metrics (metrics.c). The name of a series is written once; its values are
 * distributed over shards, so that workers do not contend for a cache line. */
enum { SERIES_TEXT = 160, SHARDS = 8 };
struct series {
	_Atomic uint64_t text[SERIES_TEXT / sizeof(uint64_t)];
	_Atomic bool named;
};
struct series_cells {
	_Alignas(64) _Atomic uint64_t cell[METRIC_CELLS];
};
struct measured {
	_Alignas(64) _Atomic uint64_t keys[METRIC_SERIES_MAX]; /* a hash table; 0: free */
	struct series series[METRIC_SERIES_MAX];
	struct series_cells cells[SHARDS][METRIC_SERIES_MAX];
};

/* A reading that one worker took for all (shared_reading). */
enum { READING_VALUES = 8 };
struct cached_reading {
	_Alignas(64) _Atomic int64_t updated, claimed; /* clock_monotonic(); 0: never */
	_Atomic int64_t values[READING_VALUES];
};

/* A place in the queue for hashing (hash_queue.c). */
struct hash_place {
	_Atomic int32_t pid;     /* 0: free */
	_Atomic int32_t state;   /* PLACE_WAITING … (hash_queue.c) */
	_Atomic uint64_t number; /* the order of arrival; 0: not yet assigned */
	_Atomic int64_t since;   /* clock_monotonic() */
	_Atomic uint64_t caller, client;
};

enum { EPOCHS = 65536, HASH_PLACES_MAX = 256 };

struct segment {
	_Atomic uint64_t layout; /* written last; 0: not initialized */
	_Atomic uint32_t nslots;
	_Atomic uint32_t workers; /* configured; the limit of hash_queue.c depends on it */
	_Atomic bool draining;
	_Atomic int32_t log_level; /* the level plus one; 0: the level of the settings */
	struct log_dropped log_dropped;
	_Atomic int64_t leases; /* the last lease of a job worker; 0: none yet */
	_Alignas(64) _Atomic uint64_t hash_numbers;
	struct hash_place hash_places[HASH_PLACES_MAX];
	_Alignas(64) _Atomic uint64_t epochs[EPOCHS];
	_Atomic int64_t
	    redis_pause; /* clock_monotonic() until which Redis is not called; 0: works */
	_Atomic int64_t cache_suspended_until;
	_Alignas(64) struct rate_set rates[RATE_SETS];
	struct cached_reading readings[READINGS];
	struct measured measured;
};
extern struct segment *shared;

/* The shard that this process writes. */
extern size_t shared_shard;

/* The offset of an epoch in a segment. */
size_t epoch_offset(const char *kind, const char *id);

/* Whether a segment with this layout can be used by this program. */
bool shared_is_layout(uint64_t);

/* The descriptor of the segment (close-on-exec), or -1. */
int shared_fd(void);

/* Maps the segment of a descriptor, such as one inherited by exec, with at least `n` slots. False if
 * it has another layout; nothing is changed then. */
bool shared_attach(int fd, unsigned n) MUST_CHECK;

/* Sets the log level of all processes: a level plus one; 0: the level of the settings; -1: toggles
 * debug. */
void shared_log_level(int32_t level);

/* A slot for this process: a free one, or that of a dead process. NULL if all are in use. */
struct worker_slot *shared_slot_take(void) MUST_CHECK;

/* The slot of a process, or NULL. */
struct worker_slot *shared_slot_of(pid_t pid);

/* Slot number `i`; NULL after the last one. */
struct worker_slot *shared_slot_at(unsigned i);

/* Stores the own pid in a cell that has 0 or the pid of a dead process. */
bool shared_claim(_Atomic int32_t *pid) MUST_CHECK;
bool shared_is_dead(int32_t pid) MUST_CHECK;

/* Frees the places of a process in the queue for hashing. */
void hash_queue_release(pid_t pid);

/* Frees what a process held: its slot and its places in the queue for hashing. */
void shared_release(pid_t pid);

#endif
