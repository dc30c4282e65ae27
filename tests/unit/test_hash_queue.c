/* The queue for password hashing: order, shares, and places of dead processes. */
#include <criterion/criterion.h>

#include "app/hash_queue.h"
#include "shared/shared_priv.h"

#include <signal.h>
#include <sys/wait.h>

enum { PLACES = 32 };

static struct ctx own;

static void
begin(void)
{
	cr_assert_null(shared_open(NULL, 4));
	shared->workers = 4; /* one may hash, regardless of the number of cores */
}

TestSuite(hash_queue, .init = begin);

/* A child process that takes a place and keeps it until it is killed. */
static pid_t
enter(const char *caller, const char *ip, enum hash_turn expected)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct ctx c = { .caller = { .user_id = caller }, .ip = ip };

		if (hash_enter(&c) != expected)
			_exit(1);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(pid, &status, WUNTRACED);
	cr_assert(WIFSTOPPED(status), "expected %d", (int)expected);
	return pid;
}

static void
leave(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static bool
is_refused(const char *caller, const char *ip)
{
	struct ctx c = { .caller = { .user_id = caller }, .ip = ip };
	bool refused = hash_enter(&c) == HASH_REFUSED;

	hash_leave(&c.hash);
	return refused;
}

Test(hash_queue, runs_in_the_order_of_arrival)
{
	pid_t first = enter("a", NULL, HASH_RUN), second = enter("b", NULL, HASH_WAIT);

	cr_expect_eq(hash_enter(&own), HASH_WAIT);
	leave(second);
	cr_expect_eq(hash_turn(&own.hash), HASH_WAIT);
	leave(first);
	cr_expect_eq(hash_turn(&own.hash), HASH_RUN);
	cr_expect_eq(hash_enter(&own), HASH_RUN, "it already has a place");
}

Test(hash_queue, a_process_counts_once)
{
	struct ctx more = { .ip = NULL };
	pid_t first;

	shared->workers = 1000;
	if (sysconf(_SC_NPROCESSORS_ONLN) < 4)
		cr_skip_test("two may hash at a time on four cores");
	first = enter("a", NULL, HASH_RUN);
	cr_expect_eq(hash_enter(&own), HASH_RUN);
	cr_expect_eq(hash_enter(&more), HASH_RUN, "its own tickets do not delay it");
	leave(first);
}

Test(hash_queue, a_caller_has_one_place)
{
	pid_t first = enter("a", "192.0.2.1", HASH_RUN);

	cr_expect(is_refused("a", "192.0.2.2"));
	cr_expect_not(is_refused("b", "192.0.2.1"));
	leave(first);
	cr_expect_not(is_refused("a", "192.0.2.1"));
}

Test(hash_queue, a_client_leaves_one_place_to_others)
{
	static struct ctx places[PLACES];

	for (size_t i = 0; i < PLACES - 1; i++) {
		places[i].ip = i % 2 ? "2001:db8::1" : "2001:db8:0:0:ffff::2";
		cr_expect_neq(hash_enter(&places[i]), HASH_REFUSED, "%zu", i);
	}
	cr_expect(is_refused(NULL, "2001:db8::3"));
	cr_expect(is_refused("a", "2001:db8::3"));
	cr_expect_not(is_refused(NULL, "2001:db8:0:1::1"));

	places[PLACES - 1].ip = "192.0.2.1";
	cr_expect_neq(hash_enter(&places[PLACES - 1]), HASH_REFUSED);
	cr_expect(is_refused(NULL, "192.0.2.2"), "the queue is full");
	hash_leave(&places[0].hash);
	cr_expect_not(is_refused(NULL, "2001:db8::3"));
}

Test(hash_queue, a_dead_process_has_no_place)
{
	for (size_t i = 0; i < 2 * PLACES; i++)
		leave(enter("a", "192.0.2.1", HASH_RUN));
	cr_expect_eq(hash_enter(&own), HASH_RUN);
}

Test(hash_queue, releasing_a_process_frees_its_places)
{
	pid_t first = enter("a", NULL, HASH_RUN);

	hash_queue_release(first);
	cr_expect_eq(hash_enter(&own), HASH_RUN);
	leave(first);
}

/* A worker that serves another request cannot use its turn. */
Test(hash_queue, a_busy_worker_does_not_delay_the_others)
{
	pid_t first = enter("a", NULL, HASH_RUN), second = enter("b", NULL, HASH_WAIT);
	struct worker_slot *slot = shared_slot_at(0);

	slot->pid = second;
	cr_expect_eq(hash_enter(&own), HASH_WAIT);
	slot->busy_until = 1;
	cr_expect_eq(hash_turn(&own.hash), HASH_WAIT, "the first one hashes");
	leave(first);
	slot->busy_until = 0;
	cr_expect_eq(hash_turn(&own.hash), HASH_WAIT, "the second one is idle");
	slot->busy_until = 1;
	cr_expect_eq(hash_turn(&own.hash), HASH_RUN);
	slot->busy_until = 0;
	cr_expect_eq(hash_turn(&own.hash), HASH_RUN, "it keeps its turn");
	leave(second);
}

Test(hash_queue, a_worker_that_hashes_counts_although_it_is_busy)
{
	pid_t first = enter("a", NULL, HASH_RUN);
	struct worker_slot *slot = shared_slot_at(0);

	slot->pid = first;
	slot->busy_until = 1;
	cr_expect_eq(hash_enter(&own), HASH_WAIT);
	leave(first);
}

/* The rest of the request may wait for the database. */
Test(hash_queue, a_worker_that_has_hashed_does_not_count)
{
	pid_t first = enter("a", NULL, HASH_RUN);
	struct hash_ticket of_first = { .number = 1, .place = 0, .ran = true };
	struct worker_slot *slot = shared_slot_at(0);

	slot->pid = first;
	slot->busy_until = 1;
	cr_expect_eq(hash_enter(&own), HASH_WAIT);
	hash_pause(&of_first);
	cr_expect_eq(hash_turn(&own.hash), HASH_RUN);
	cr_expect_eq(hash_turn(&of_first), HASH_RUN, "a second hash of the same request");
	leave(first);
}

/* Its process died, and another process has the same pid. */
Test(hash_queue, a_place_of_a_dead_process_delays_no_ticket)
{
	pid_t first = enter("a", NULL, HASH_RUN);

	cr_expect_eq(hash_enter(&own), HASH_WAIT);
	shared->hash_places[0].since -= 11000000;
	cr_expect_eq(hash_turn(&own.hash), HASH_RUN);
	leave(first);
}

Test(hash_queue, no_ticket_waits_longer_than_five_seconds)
{
	pid_t first = enter("a", NULL, HASH_RUN);

	cr_expect_eq(hash_enter(&own), HASH_WAIT);
	own.hash.since -= 6000000;
	cr_expect_eq(hash_turn(&own.hash), HASH_REFUSED);
	cr_expect_eq(hash_enter(&own), HASH_REFUSED, "only once");
	leave(first);
}

Test(hash_queue, a_single_process_may_always_hash)
{
	shared->workers = 0; /* each worker is started by another program */
	cr_expect_eq(hash_enter(&own), HASH_RUN);
	hash_leave(&own.hash);
	hash_leave(&own.hash);
	cr_expect_eq(hash_enter(&own), HASH_RUN);
}
