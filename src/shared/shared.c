/* The shared memory segment: mapped memory that contains only atomics. */
#include "shared/shared_priv.h"

#include "app/clock.h"
#include "app/hash.h"
#include "app/log.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { READING_US = 1000000 };

/* The worker slots follow the segment. LAYOUT changes with the size of either; increment
 * LAYOUT_VERSION if only the meaning changes. */
enum { LAYOUT_VERSION = 4 };
#define LAYOUT                                                                                     \
	((uint64_t)LAYOUT_VERSION << 48 | (uint64_t)sizeof(struct segment) << 16 |                 \
	 sizeof(struct worker_slot))

/* Used without shared_open(). In .bss, so that it does not enlarge the program file. */
static struct segment own_segment;
static struct worker_slot own_slot;

struct segment *shared = &own_segment;
static struct worker_slot *worker_slots = &own_slot;
static unsigned nworker_slots = 1;
size_t shared_shard;
static size_t mapped;
static int segment_fd = -1;

static size_t
size_for(unsigned n)
{
	return sizeof(struct segment) + n * sizeof(struct worker_slot);
}

bool
shared_is_layout(uint64_t layout)
{
	return layout == LAYOUT;
}

static void
use_segment(void *memory, size_t size, int fd)
{
	if (mapped)
		munmap(shared, mapped);
	if (segment_fd >= 0)
		close(segment_fd);
	shared = memory;
	worker_slots = (struct worker_slot *)(void *)((char *)memory + sizeof(struct segment));
	nworker_slots = shared->nslots;
	mapped = size;
	segment_fd = fd;
	log_share(&shared->log_level, &shared->log_dropped);
}

/* Initializes an empty file. If a segment has fewer than `n` slots, appends some; processes that
 * have it mapped continue with the number that they know. */
bool
shared_attach(int fd, unsigned n)
{
	struct {
		uint64_t layout;
		uint32_t nslots;
	} head = { 0 };
	struct segment *s;
	struct stat st;
	size_t size;

	if (fstat(fd, &st) != 0)
		return false;
	if (st.st_size > 0 && (pread(fd, &head, sizeof(head), 0) != sizeof(head) ||
			       head.layout != LAYOUT || (size_t)st.st_size < size_for(head.nslots)))
		return false;

	n = n > head.nslots ? n : head.nslots;
	size = size_for(n);
	if (posix_fallocate(fd, 0, (off_t)size) != 0)
		return false;

	s = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (s == MAP_FAILED)
		return false;

	s->nslots = n;
	if (st.st_size == 0)
		s->workers = n;
	s->layout = LAYOUT;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	use_segment(s, size, fd);
	return true;
}

/* Whether the descriptor still is the file of this name. Another process may have replaced it. */
static bool
is_same_file(int fd, const char *file)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && lstat(file, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* Opens or creates the file and locks it. Closing the descriptor releases the lock. */
static int
open_locked(const char *file)
{
	for (int tries = 0; tries < 100; tries++) {
		int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX) == 0 && is_same_file(fd, file))
			return fd;
		close(fd);
	}
	errno = EBUSY;
	return -1;
}

/* A file of another user is not trusted: it could be truncated while it is mapped. */
static bool
is_own_file(int fd, struct stat *st)
{
	return fstat(fd, st) == 0 && S_ISREG(st->st_mode) && st->st_uid == geteuid() &&
	       (st->st_mode & 0077) == 0;
}

static const char *
open_file(const char *file, unsigned n)
{
	const char *err = NULL;
	struct stat st;
	int fd = open_locked(file);

	if (fd < 0)
		return "cannot open the shared segment (SHM_FILE)";

	if (!is_own_file(fd, &st)) {
		err = "SHM_FILE must be a regular file that this user owns, with mode 0600";
	} else if (shared_attach(fd, st.st_size ? 1 : n)) {
		flock(fd, LOCK_UN);
		return NULL;
	} else if (st.st_size > 0) {
		unlink(file); /* another layout; processes that have it open keep it */
	} else {
		err = "the file system of the shared segment (SHM_FILE) has too little space: it "
		      "needs 10 MiB";
	}
	close(fd);
	return err ? err : open_file(file, n);
}

const char *
shared_open(const char *file, unsigned n)
{
	int fd;

	n = n ? n : 1;
	if (file && *file)
		return open_file(file, n);

	fd = memfd_create("shared", MFD_CLOEXEC);
	if (fd >= 0 && shared_attach(fd, n))
		return NULL;

	close(fd);
	return "cannot allocate memory for the shared segment";
}

int
shared_fd(void)
{
	return segment_fd;
}

static size_t
epoch_index(const char *kind, const char *id)
{
	return hash_add(hash_add(HASH_START, kind, strlen(kind)), id, strlen(id)) % EPOCHS;
}

static _Atomic uint64_t *
epoch_of(const char *kind, const char *id)
{
	return &shared->epochs[epoch_index(kind, id)];
}

size_t
epoch_offset(const char *kind, const char *id)
{
	return offsetof(struct segment, epochs) + epoch_index(kind, id) * sizeof(shared->epochs[0]);
}

uint64_t
epoch_get(const char *kind, const char *id)
{
	return *epoch_of(kind, id);
}

void
epoch_bump(const char *kind, const char *id)
{
	++*epoch_of(kind, id);
}

bool
shared_is_dead(int32_t pid)
{
	return kill(pid, 0) != 0 && errno == ESRCH;
}

bool
shared_claim(_Atomic int32_t *cell)
{
	int32_t holder = *cell;

	return (holder == 0 || shared_is_dead(holder)) &&
	       atomic_compare_exchange_strong(cell, &holder, getpid());
}

bool
shared_cache_suspended(void)
{
	int64_t left = shared->cache_suspended_until - clock_monotonic();

	return left > 0 && left <= INT64_C(3600000000); /* larger values are from before a reboot */
}

void
shared_suspend_cache(int64_t seconds)
{
	shared->cache_suspended_until = clock_monotonic() + seconds * 1000000;
}

bool
shared_draining(void)
{
	return shared->draining;
}

void
shared_drain(void)
{
	shared->draining = true;
}

struct worker_slot *
shared_slot_take(void)
{
	for (unsigned i = 0; i < nworker_slots; i++) {
		if (!shared_claim(&worker_slots[i].pid))
			continue;
		shared_shard = i % SHARDS;
		worker_slots[i].ready = false;
		worker_slots[i].busy_until = 0;
		worker_slots[i].requests = 0;
		worker_slots[i].lease = 0;
		return &worker_slots[i];
	}
	return NULL;
}

struct worker_slot *
shared_slot_of(pid_t pid)
{
	for (unsigned i = 0; i < nworker_slots; i++) {
		if (worker_slots[i].pid == pid)
			return &worker_slots[i];
	}
	return NULL;
}

struct worker_slot *
shared_slot_at(unsigned i)
{
	return i < nworker_slots ? &worker_slots[i] : NULL;
}

void
shared_release(pid_t pid)
{
	struct worker_slot *slot = shared_slot_of(pid);

	hash_queue_release(pid);
	if (!slot)
		return;

	slot->ready = false;
	slot->busy_until = 0;
	slot->pid = 0;
}

void
shared_workers(unsigned *ready, unsigned *busy)
{
	*ready = *busy = 0;
	for (unsigned i = 0; i < nworker_slots; i++) {
		*ready += worker_slots[i].pid != 0 && worker_slots[i].ready;
		*busy += worker_slots[i].pid != 0 && worker_slots[i].busy_until != 0;
	}
}

/* Whether the caller must take the reading. It has one second; then another process tries. Meanwhile
 * the others use the last one, unless it is from before a reboot (a time in the future). */
static bool
must_take_reading(struct cached_reading *k)
{
	int64_t now = clock_monotonic(), claimed = k->claimed;

	if (!k->updated || k->updated > now)
		return true;
	return now - k->updated >= READING_US && (claimed > now || now - claimed >= READING_US) &&
	       atomic_compare_exchange_strong(&k->claimed, &claimed, now);
}

bool
shared_reading(enum reading which, void *out, size_t size)
{
	struct cached_reading *k = &shared->readings[which];
	int64_t *values = out;

	if (must_take_reading(k))
		return false;
	for (size_t i = 0; i < size / sizeof(*values); i++)
		values[i] = k->values[i];
	return true;
}

void
shared_report(enum reading which, const void *values, size_t size)
{
	struct cached_reading *k = &shared->readings[which];

	for (size_t i = 0; i < size / sizeof(int64_t); i++)
		k->values[i] = ((const int64_t *)values)[i];
	k->updated = clock_monotonic();
}

void
shared_log_level(int32_t level)
{
	if (level < 0)
		level = shared->log_level ? 0 : LOG_DEBUG + 1;
	if (level <= LOG_ERROR + 1) /* the sender of the signal may have sent any value */
		shared->log_level = level;
}
