/* The shared segment: mapped memory with nothing but atomics in it. */
#include "shared/shared_priv.h"

#include "app/clock.h"
#include "app/log.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { READING_US = 1000000 };

/* The slots follow the segment. What changes the shape of either changes LAYOUT too;
 * what it means is counted by the first factor. */
enum { LAYOUT_VERSION = 2 };
#define LAYOUT                                                                                     \
	((uint64_t)LAYOUT_VERSION << 48 | (uint64_t)sizeof(struct segment) << 16 |                 \
	 sizeof(struct worker_slot))

/* Where nobody opened one: not initialized, so that it takes no room in the program. */
static struct segment own_segment;
static struct worker_slot own_slot;

struct segment *shared = &own_segment;
static struct worker_slot *slots = &own_slot;
static unsigned nslots = 1;
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
use(void *memory, size_t size, int fd)
{
	if (mapped)
		munmap(shared, mapped);
	if (segment_fd >= 0)
		close(segment_fd);
	shared = memory;
	slots = (struct worker_slot *)(void *)((char *)memory + sizeof(struct segment));
	nslots = shared->nslots;
	mapped = size;
	segment_fd = fd;
	log_obey(&shared->log_level, &shared->log_dropped);
}

/* An empty file becomes a segment; fewer slots become `n`, behind those that there are, and
 * who has it mapped goes on with his. */
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
	use(s, size, fd);
	return true;
}

/* Whether the descriptor is still the file of that name: another process may just have
 * replaced it. */
static bool
is_file(int fd, const char *file)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && lstat(file, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* Opens and locks it, new or not. The lock goes when the descriptor does. */
static int
open_locked(const char *file)
{
	for (int tries = 0; tries < 100; tries++) {
		int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX) == 0 && is_file(fd, file))
			return fd;
		close(fd);
	}
	errno = EBUSY;
	return -1;
}

/* Someone else's file may not be trusted, nor shrink under us. */
static bool
is_ours(int fd, struct stat *st)
{
	return fstat(fd, st) == 0 && S_ISREG(st->st_mode) && st->st_uid == geteuid() &&
	       (st->st_mode & 0077) == 0;
}

static const char no_memory[] = "cannot get memory for the shared segment";

static const char *
open_file(const char *file, unsigned n)
{
	const char *wrong = NULL;
	struct stat st;
	int fd = open_locked(file);

	if (fd < 0)
		return "cannot open the shared segment (SHM_FILE)";

	if (!is_ours(fd, &st)) {
		wrong = "SHM_FILE must be a plain file of this user with mode 0600";
	} else if (shared_attach(fd, st.st_size ? 1 : n)) {
		flock(fd, LOCK_UN);
		return NULL;
	} else if (st.st_size > 0) {
		unlink(file); /* of another version: who has it open goes on with it */
	} else {
		wrong = no_memory;
	}
	close(fd);
	return wrong ? wrong : open_file(file, n);
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
	return no_memory;
}

int
shared_fd(void)
{
	return segment_fd;
}

/* FNV-1a. */
static uint64_t
hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
	return hash;
}

static size_t
epoch_index(const char *kind, const char *id)
{
	uint64_t hash = hash_text(hash_text(0xcbf29ce484222325, kind), id);

	return (hash ^ hash >> 32) % EPOCHS;
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
shared_alone(void)
{
	int64_t left = shared->alone_until - clock_monotonic();

	return left > 0 &&
	       left <= INT64_C(3600000000); /* more is of another start of the machine */
}

void
shared_be_alone(int64_t seconds)
{
	shared->alone_until = clock_monotonic() + seconds * 1000000;
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
	for (unsigned i = 0; i < nslots; i++) {
		if (!shared_claim(&slots[i].pid))
			continue;
		shared_shard = i % SHARDS;
		slots[i].ready = false;
		slots[i].busy_until = 0;
		slots[i].requests = 0;
		slots[i].leases = slots[i].lease = slots[i].job = 0;
		slots[i].stop = slots[i].surplus = 0;
		slots[i].nbatch = slots[i].begun = 0;
		return &slots[i];
	}
	return NULL;
}

struct worker_slot *
shared_slot_of(pid_t pid)
{
	for (unsigned i = 0; i < nslots; i++) {
		if (slots[i].pid == pid)
			return &slots[i];
	}
	return NULL;
}

struct worker_slot *
shared_slot_at(unsigned i)
{
	return i < nslots ? &slots[i] : NULL;
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
	for (unsigned i = 0; i < nslots; i++) {
		*ready += slots[i].pid != 0 && slots[i].ready;
		*busy += slots[i].pid != 0 && slots[i].busy_until != 0;
	}
}

/* Who asks has a second for it; then another one tries. Meanwhile the last answer counts, but
 * not one of another start of the machine, whose clock was ahead. */
static bool
must_ask(struct found *k)
{
	int64_t now = clock_monotonic(), asked = k->asked;

	if (!k->told || k->told > now)
		return true;
	return now - k->told >= READING_US && (asked > now || now - asked >= READING_US) &&
	       atomic_compare_exchange_strong(&k->asked, &asked, now);
}

bool
shared_reading(enum reading which, void *out, size_t size)
{
	struct found *k = &shared->found[which];
	int64_t *values = out;

	if (must_ask(k))
		return false;
	for (size_t i = 0; i < size / sizeof(*values); i++)
		values[i] = k->values[i];
	return true;
}

void
shared_report(enum reading which, const void *values, size_t size)
{
	struct found *k = &shared->found[which];

	for (size_t i = 0; i < size / sizeof(int64_t); i++)
		k->values[i] = ((const int64_t *)values)[i];
	k->told = clock_monotonic();
}

void
shared_log_level(int32_t level)
{
	if (level < 0)
		level = shared->log_level ? 0 : LOG_DEBUG + 1;
	if (level <= LOG_ERROR + 1) /* who sent the signal may have said anything */
		shared->log_level = level;
}
