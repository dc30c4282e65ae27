/* The arena: zeroed and aligned memory, the limit, deferred releases. */
#include <criterion/criterion.h>

#include "app/arena.h"

enum { MEGABYTE = 1 << 20 };

Test(arena, memory_is_zeroed_and_aligned)
{
	struct arena *a = arena_new(MEGABYTE);

	for (size_t size = 0; size < 300; size++) {
		unsigned char *p = arena_alloc(a, size);

		cr_assert_not_null(p);
		cr_expect_eq((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			cr_assert_eq(p[i], 0);
		memset(p, 0xff, size);
	}
	arena_free(a);
}

Test(arena, memory_is_zero_again_after_a_reset)
{
	struct arena *a = arena_new(MEGABYTE);

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 100; i++) {
			unsigned char *p = arena_alloc(a, 1000);

			for (size_t k = 0; k < 1000; k++)
				cr_assert_eq(p[k], 0);
			memset(p, 0xff, 1000);
		}
		arena_reset(a);
	}
	arena_free(a);
}

Test(arena, allocations_do_not_overlap)
{
	struct arena *a = arena_new(MEGABYTE);
	char *texts[200];

	for (int i = 0; i < 200; i++)
		texts[i] = arena_printf(a, "%d%*s", i, i, "");
	for (int i = 0; i < 200; i++)
		cr_expect_str_eq(texts[i], arena_printf(a, "%d%*s", i, i, ""));
	arena_free(a);
}

Test(arena, counts_the_bytes_allocated_since_the_reset)
{
	struct arena *a = arena_new(MEGABYTE);

	cr_expect_eq(arena_used(a), 0);
	arena_alloc(a, 100);
	cr_expect_geq(arena_used(a), 100);
	cr_expect_lt(arena_used(a), 200);
	arena_alloc(a, 100000);
	cr_expect_geq(arena_used(a), 100100);
	arena_reset(a);
	cr_expect_eq(arena_used(a), 0);
	arena_free(a);
}

Test(arena, a_large_allocation_after_many_resets_fits)
{
	struct arena *a = arena_new(MEGABYTE);

	for (int i = 0; i < 1000; i++) {
		cr_assert_not_null(arena_alloc(a, 900 * 1000));
		arena_reset(a);
	}
	arena_free(a);
}

Test(arena, copies)
{
	struct arena *a = arena_new(MEGABYTE);
	char text[] = "text";
	char *copy = arena_text(a, text), *start = arena_text_n(a, text, 2);
	unsigned char bytes[] = { 0, 1, 0, 2 };

	text[0] = 'x';
	cr_expect_str_eq(copy, "text");
	cr_expect_str_eq(start, "te");
	cr_expect_null(arena_text(a, NULL));
	cr_expect_str_eq(arena_text_n(a, NULL, 0), "");
	cr_expect_arr_eq(arena_copy(a, bytes, 4), bytes, 4);
	cr_expect_not_null(arena_copy(a, NULL, 0));
	arena_free(a);
}

Test(arena, prints_texts_of_any_length)
{
	struct arena *a = arena_new(MEGABYTE);

	for (int n = 0; n < 2000; n += 7) {
		const char *text = arena_printf(a, "%0*d|", n, 0);

		cr_assert_eq(strlen(text), (size_t)(n > 0 ? n : 1) + 1);
		cr_assert_eq(text[strlen(text) - 1], '|');
	}
	arena_free(a);
}

static char released[8];
static size_t nreleased;

static void
release(void *object)
{
	released[nreleased++] = *(char *)object;
}

Test(arena, releases_newest_first_and_once)
{
	struct arena *a = arena_new(MEGABYTE);
	char objects[] = "abc";

	for (int i = 0; i < 3; i++)
		arena_defer(a, release, &objects[i]);
	cr_expect_eq(nreleased, 0);
	arena_reset(a);
	cr_expect_str_eq(released, "cba");
	arena_reset(a);
	arena_free(a);
	cr_expect_eq(nreleased, 3);
}

Test(arena, freeing_releases_too)
{
	struct arena *a = arena_new(MEGABYTE);
	char object = 'x';

	arena_defer(a, release, &object);
	arena_free(a);
	cr_expect_str_eq(released, "x");
	arena_free(NULL);
}

Test(arena, reaching_the_limit_calls_the_handler)
{
	struct arena *a = arena_new(100 * 1024);
	volatile int pieces = 0;

	if (setjmp(*arena_catch(a)) == 0) {
		for (;;) {
			arena_alloc(a, 1024);
			pieces++;
		}
	}
	cr_expect_gt(pieces, 60);
	cr_expect_leq(pieces, 100);
	arena_uncatch(a);

	arena_reset(a);
	cr_expect_not_null(arena_alloc(a, 60 * 1024), "a reset frees the memory");
	arena_free(a);
}

Test(arena, an_absurd_size_calls_the_handler)
{
	struct arena *a = arena_new(MEGABYTE);
	volatile int unwound = 0;

	if (setjmp(*arena_catch(a)) == 0)
		arena_alloc(a, SIZE_MAX);
	else
		unwound++;
	if (setjmp(*arena_catch(a)) == 0)
		arena_alloc(a, SIZE_MAX - 7);
	else
		unwound++;
	if (setjmp(*arena_catch(a)) == 0)
		arena_array(a, SIZE_MAX / 2 + 2, 2);
	else
		unwound++;
	if (setjmp(*arena_catch(a)) == 0)
		arena_array(a, 1 << 20, 2);
	else
		unwound++;
	cr_expect_eq(unwound, 4);
	arena_free(a);
}

Test(arena, an_object_is_released_even_if_deferring_runs_out_of_memory)
{
	struct arena *a = arena_new(32 * 1024);
	volatile bool unwound = false;
	char object = 'x';

	if (setjmp(*arena_catch(a)) == 0) {
		for (int i = 0; i < 32 * 1024 / 16; i++)
			arena_alloc(a, 16);
		arena_defer(a, release, &object);
	} else {
		unwound = true;
	}
	cr_expect(unwound);
	arena_reset(a);
	cr_expect_str_eq(released, "x");
	arena_defer(a, release, &object);
	arena_free(a);
	cr_expect_eq(nreleased, 2);
}

Test(arena, without_a_handler_the_process_exits, .exit_code = EXIT_FAILURE)
{
	struct arena *a = arena_new(1000);

	freopen("/dev/null", "w", stderr);
	arena_alloc(a, 1001);
}

Test(arena, a_removed_handler_is_not_called, .exit_code = EXIT_FAILURE)
{
	struct arena *a = arena_new(1000);

	freopen("/dev/null", "w", stderr);
	if (setjmp(*arena_catch(a)) == 0) {
		arena_uncatch(a);
		arena_alloc(a, 1001);
	}
	_exit(0);
}
