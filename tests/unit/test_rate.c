/* Rate limits: exact for any number of processes, with any contents of the table. */
#include <criterion/criterion.h>

#include "app/rate.h"

#include "app/clock.h"
#include "app/shared.h"
#include "shared/shared_priv.h"

#include <sys/mman.h>
#include <sys/wait.h>

enum { PROCESSES = 8 };

static const struct rate five = { 5, 60 }, hour = { 10, 3600 };

static void
make_key(uint64_t place, uint32_t tag, unsigned char key[HASH_SIZE])
{
	memset(key, 0, HASH_SIZE);
	memcpy(key, &place, sizeof(place));
	memcpy(key + sizeof(place), &tag, sizeof(tag));
}

static struct rate_state
take(uint64_t place, uint32_t tag, struct rate rate)
{
	unsigned char key[HASH_SIZE];
	struct rate_state state;

	make_key(place, tag, key);
	rate_take(key, rate, &state);
	return state;
}

/* Simulates that this time has passed. */
static void
pass(uint64_t place, int64_t seconds)
{
	for (uint64_t set = place % (RATE_SETS / 2); set < RATE_SETS; set += RATE_SETS / 2) {
		for (int way = 0; way < RATE_WAYS; way++)
			shared->rates[set].tat[way] -= seconds * 1000000;
	}
}

Test(rate, a_burst_and_then_one_by_one)
{
	struct rate_state state;

	for (int64_t left = 4; left >= 0; left--) {
		state = take(1, 1, five);
		cr_expect_not(state.refused);
		cr_expect_eq(state.remaining, left);
		cr_expect_eq(state.wait, 12);
	}
	for (int i = 0; i < 3; i++) {
		state = take(1, 1, five);
		cr_expect(state.refused);
		cr_expect_eq(state.remaining, 0);
		cr_expect_eq(state.wait, 12);
	}
	pass(1, 5);
	state = take(1, 1, five);
	cr_expect(state.refused);
	cr_expect_eq(state.wait, 7);
	pass(1, 7);
	state = take(1, 1, five);
	cr_expect_not(state.refused);
	cr_expect_eq(state.remaining, 0);
	cr_expect(take(1, 1, five).refused);
	pass(1, 3600);
	cr_expect_eq(take(1, 1, five).remaining, 4);
}

Test(rate, rate_undo_undoes_an_attempt)
{
	unsigned char key[HASH_SIZE] = { 1 };
	struct rate_state state;

	for (int i = 0; i < 20; i++) {
		rate_take(key, five, &state);
		cr_expect_not(state.refused);
		rate_undo(key, five, &state);
		cr_expect_eq(state.remaining, 5);
	}
	rate_undo(key, five, &state);
	cr_expect_eq(state.remaining, 5, "not more than the limit");
	for (int i = 0; i < 5; i++)
		rate_take(key, five, &state);
	cr_expect_not(state.refused);
	rate_take(key, five, &state);
	cr_expect(state.refused);
}

Test(rate, keys_are_independent)
{
	for (int i = 0; i < 5; i++)
		take(1, 1, five);
	cr_expect(take(1, 1, five).refused);
	cr_expect_not(take(1, 2, five).refused);
	cr_expect_not(take(2, 1, five).refused);
	cr_expect_not(take(3, 0, five).refused);
}

Test(rate, large_limits)
{
	struct rate rate = { 1000000, 1 };

	cr_expect_geq(take(1, 1, rate).remaining, 999998);
	cr_expect_eq(take(2, 1, (struct rate) { 7, 1 }).remaining, 6);
	cr_expect_eq(take(3, 1, (struct rate) { 1, 86400 }).wait, 86400);
}

/* SHM_FILE may survive a reboot, which resets the clock; or the rate was changed. */
Test(rate, a_time_beyond_the_window_does_not_count)
{
	take(1, 1, five);
	pass(1, -100000);
	cr_expect_eq(take(1, 1, five).remaining, 4);
	for (int i = 0; i < 10; i++)
		take(2, 1, hour);
	cr_expect(take(2, 1, hour).refused);
	cr_expect_eq(take(2, 1, five).remaining, 4);
}

Test(rate, the_counter_closest_to_expiry_is_evicted)
{
	for (uint32_t tag = 1; tag <= RATE_WAYS; tag++) {
		for (uint32_t i = 0; i < tag; i++)
			take(1, tag, five);
	}
	cr_expect_eq(take(1, 9, five).remaining, 4,
		     "the new counter starts with the usage of the evicted one");
	cr_expect_eq(take(1, 2, five).remaining, 2);
	cr_expect_eq(take(1, 3, five).remaining, 1);
	cr_expect_eq(take(1, 4, five).remaining, 0);
	cr_expect_eq(take(1, 1, five).remaining, 4, "the counter closest to expiry was evicted");
}

Test(rate, a_short_window_does_not_evict_a_long_one)
{
	for (uint32_t tag = 1; tag <= RATE_WAYS; tag++)
		take(1, tag, hour);
	for (uint32_t tag = 1; tag <= 100; tag++)
		take(1, 100 + tag, five);
	for (uint32_t tag = 1; tag <= RATE_WAYS; tag++)
		cr_expect_eq(take(1, tag, hour).remaining, 8);
}

/* ---- floods */

/* SplitMix64, which distributes keys as a keyed hash does. */
static uint64_t
spread(uint64_t n)
{
	n += UINT64_C(0x9e3779b97f4a7c15) * (n + 1);
	n = (n ^ n >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	n = (n ^ n >> 27) * UINT64_C(0x94d049bb133111eb);
	return n ^ n >> 31;
}

static bool
try_key(uint64_t n, struct rate rate)
{
	return !take(spread(n), (uint32_t)spread(~n), rate).refused;
}

/* 25 clients retry something that is limited to 3/hour during a flood: 100,000 other addresses make
 * `tries` attempts each for the same, and then sign in. Returns the number of allowed attempts of
 * the 25 clients: 75, unless their counters are evicted. */
static int
passed_in_flood(int tries)
{
	enum { WATCHED = 25, ROUNDS = 50, FLOOD = 100000 };
	const struct rate three = { 3, 3600 };
	uint64_t flood = WATCHED;
	int passed = 0;

	cr_assert_null(shared_open(NULL, PROCESSES));
	for (int round = 0; round < ROUNDS; round++) {
		for (uint64_t n = 0; n < WATCHED; n++)
			passed += try_key(n, three);
		for (uint64_t n = 0; n < FLOOD / ROUNDS; n++, flood++) {
			for (int i = 0; i < tries; i++)
				try_key(flood, three);
			for (int i = 0; i < 6; i++)
				try_key(~flood, five);
		}
	}
	return passed;
}

Test(rate, a_flood_allows_at_most_five_more_than_75)
{
	for (int tries = 0; tries <= 3; tries++) {
		int passed = passed_in_flood(tries);

		cr_expect_geq(passed, 75);
		cr_expect_leq(passed, 80, "%d tries: %d passed", tries, passed);
	}
}

/* ---- several processes */

/* The total number of allowed attempts if each process makes `rounds` attempts. */
static int
passed_of_all(uint64_t place, uint32_t tag, bool with_neighbours, struct rate rate, int rounds)
{
	_Atomic int *passed =
	    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int gate[2], status;
	char byte;

	cr_assert_eq(pipe(gate), 0);
	for (uint32_t p = 0; p < PROCESSES; p++) {
		if (fork())
			continue;
		close(gate[1]);
		if (read(gate[0], &byte, 1))
			_exit(1);
		for (int i = 0; i < rounds; i++) {
			*passed += !take(place, tag, rate).refused;
			if (with_neighbours)
				take(place + 1, 100 + p + PROCESSES * (uint32_t)i, five);
		}
		_exit(0);
	}
	close(gate[0]);
	close(gate[1]);
	while (wait(&status) > 0)
		cr_expect_eq(status, 0);
	return *passed;
}

Test(rate, exact_for_concurrent_processes)
{
	cr_assert_null(shared_open(NULL, PROCESSES));
	for (uint64_t place = 0; place < 200; place++)
		cr_expect_eq(passed_of_all(place, 7, false, hour, 20), 10, "key %d", (int)place);
}

Test(rate, exact_if_the_counters_were_used_before)
{
	cr_assert_null(shared_open(NULL, PROCESSES));
	for (uint64_t place = 0; place < 200; place++) {
		take(place, 1, five);
		take(place, 2, five);
		pass(place, 60);
		cr_expect_eq(passed_of_all(place, 7, true, hour, 20), 10, "key %d", (int)place);
	}
}

Test(rate, survives_the_process)
{
	cr_assert_null(shared_open(NULL, PROCESSES));
	cr_expect_eq(passed_of_all(1, 1, false, hour, 1), PROCESSES);
	cr_expect_eq(take(1, 1, hour).remaining, 1);
}
