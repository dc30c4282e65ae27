/* Starts processes at the same time: all wait until a pipe is closed. */
#include <criterion/criterion.h>

#include "support/crowd.h"
#include "support/test_app.h"

#include "app/db.h"
#include "app/settings.h"

#include <sys/mman.h>
#include <sys/wait.h>

enum { CROWD_MAX = 32, ARENA_LIMIT = 1 << 24 };

static void
join_in(int number, int gate, enum error (*act)(struct ctx *, int, void *), void *arg,
	enum error *result)
{
	struct ctx c = { .app = test_app(),
			 .arena = arena_new(ARENA_LIMIT),
			 .request_id = "crowd" };
	struct db_ping ping;
	char byte;

	c.db = db_new(settings.database_url);
	*result = db_ping(&c, &ping);
	if (!*result && read(gate, &byte, 1) == 0)
		*result = act(&c, number, arg);
	_exit(0);
}

const enum error *
crowd_run(int n, enum error (*act)(struct ctx *, int, void *), void *arg)
{
	size_t size = CROWD_MAX * sizeof(enum error);
	enum error *results =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int gate[2], status;

	cr_assert_neq(results, MAP_FAILED);
	cr_assert_leq(n, CROWD_MAX);
	cr_assert_eq(pipe(gate), 0);
	for (int i = 0; i < n; i++) {
		if (fork() == 0) {
			close(gate[1]);
			join_in(i, gate[0], act, arg, &results[i]);
		}
	}
	close(gate[0]);
	close(gate[1]);
	while (wait(&status) > 0)
		cr_expect_eq(status, 0);
	return results;
}

int
crowd_count(const enum error *results, int n, enum error e)
{
	int count = 0;

	for (int i = 0; i < n; i++)
		count += results[i] == e;
	return count;
}
