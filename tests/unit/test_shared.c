/* The shared segment: processes see each other's writes, and slots of dead processes are reused. */
#include <criterion/criterion.h>

#include "app/clock.h"
#include "shared/shared_priv.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Runs `act` in a child process and returns its result. */
static bool
in_child(bool (*act)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(act() ? 0 : 1);
	waitpid(pid, &status, 0);
	return status == 0;
}

Test(shared, works_without_a_segment)
{
	uint64_t before = epoch_get("a", "");

	epoch_bump("a", "");
	cr_expect_eq(epoch_get("a", ""), before + 1);
	cr_expect_not(shared_draining());
	cr_expect_eq(shared_fd(), -1);
}

static bool
bump(void)
{
	epoch_bump("session", "1");
	return true;
}

Test(shared, epochs_are_shared)
{
	uint64_t one, two;

	cr_assert_null(shared_open(NULL, 4));
	one = epoch_get("session", "1");
	two = epoch_get("session", "2");
	cr_assert(in_child(bump));
	cr_expect_eq(epoch_get("session", "1"), one + 1);
	cr_expect_eq(epoch_get("session", "2"), two);
}

/* Runs in a child with its own segment, as a command or a job worker has. */
static bool
publish(void)
{
	if (shared_open(NULL, 1))
		return false;
	epoch_publish("session", "1");
	return true;
}

static bool
publish_to_others_only(void)
{
	uint64_t before = epoch_get("session", "1");

	epoch_publish("session", "1");
	return epoch_get("session", "1") == before;
}

static void
expect_published(const char *file)
{
	uint64_t one, two;

	cr_assert_null(shared_open(file, 4));
	one = epoch_get("session", "1");
	two = epoch_get("session", "2");
	cr_assert(in_child(publish_to_others_only));
	cr_expect_eq(epoch_get("session", "1"), one);
	cr_assert(in_child(publish));
	cr_expect_neq(epoch_get("session", "1"), one);
	cr_expect_eq(epoch_get("session", "2"), two);
}

Test(shared, another_process_can_change_an_epoch)
{
	char file[] = "/tmp/shared-XXXXXX";
	int fd = mkstemp(file);

	cr_assert_geq(fd, 0);
	close(fd);
	expect_published(NULL);
	expect_published(file);
	unlink(file);
}

/* Any user can run a program of this name and open a file in it. */
Test(shared, a_file_of_another_user_is_not_changed)
{
	uint64_t before;

	if (getuid() != 0)
		cr_skip_test("only root can change the owner of a file");
	cr_assert_null(shared_open(NULL, 4));
	before = epoch_get("session", "1");
	cr_assert_eq(fchown(shared_fd(), 65534, (gid_t)-1), 0);
	cr_assert(in_child(publish));
	cr_expect_eq(epoch_get("session", "1"), before);
}

Test(shared, draining_is_shared)
{
	cr_assert_null(shared_open("", 4));
	cr_expect_not(in_child(shared_draining));
	shared_drain();
	cr_expect(in_child(shared_draining));
}

/* ---- readings */

/* The time in the segment that is not earlier than `since`. */
static int64_t *
find_moment(int64_t from)
{
	struct stat st;
	int64_t *words, now = clock_monotonic();

	cr_assert_eq(fstat(shared_fd(), &st), 0);
	words = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, shared_fd(), 0);
	cr_assert_neq((void *)words, MAP_FAILED);
	for (size_t i = 0; i < (size_t)st.st_size / sizeof(*words); i++) {
		if (words[i] >= from && words[i] <= now)
			return &words[i];
	}
	cr_assert_fail("no such time in the segment");
	return NULL;
}

/* SHM_FILE may survive a reboot, which resets the monotonic clock. */
Test(shared, readings_from_before_a_reboot_are_ignored)
{
	const int64_t second = 1000000, hour = 3600 * second;
	int64_t start = clock_monotonic(), *updated, *claimed, value = 1;

	cr_assert_null(shared_open(NULL, 1));
	shared_report(READING_HEALTH, &value, sizeof(value));
	cr_expect(shared_reading(READING_HEALTH, &value, sizeof(value)));
	updated = find_moment(start);
	*updated -= hour;
	cr_expect_not(shared_reading(READING_HEALTH, &value, sizeof(value)));
	claimed = find_moment(start);

	*updated = *claimed = start + hour;
	cr_expect_not(shared_reading(READING_HEALTH, &value, sizeof(value)));
	shared_report(READING_HEALTH, &value, sizeof(value));
	cr_expect(shared_reading(READING_HEALTH, &value, sizeof(value)));
	*updated -= 2 * second;
	cr_expect_not(shared_reading(READING_HEALTH, &value, sizeof(value)));
	cr_expect(shared_reading(READING_HEALTH, &value, sizeof(value)),
		  "another process takes it");
}

/* ---- slots */

static bool
take(void)
{
	return shared_slot_take() != NULL;
}

Test(shared, slots_are_taken_and_released)
{
	struct worker_slot *slot;

	cr_assert_null(shared_open(NULL, 1));
	slot = shared_slot_take();
	cr_assert_not_null(slot);
	cr_expect_eq(shared_slot_of(getpid()), slot);
	cr_expect_not(in_child(take), "one slot was taken twice");
	slot->busy_until = 5;
	shared_release(getpid());
	cr_expect_null(shared_slot_of(getpid()));
	slot = shared_slot_take();
	cr_assert_not_null(slot);
	cr_expect_eq(slot->busy_until, 0);
}

Test(shared, the_slot_of_a_dead_process_is_reused)
{
	cr_assert_null(shared_open(NULL, 1));
	for (int i = 0; i < 5; i++)
		cr_expect(in_child(take));
}

/* ---- inheritance by exec, and SHM_FILE */

Test(shared, a_segment_is_mapped_by_its_descriptor)
{
	int fd;

	cr_assert_null(shared_open(NULL, 6));
	epoch_bump("a", "");
	fd = dup(shared_fd());
	cr_assert_null(shared_open(NULL, 6));
	cr_expect_eq(epoch_get("a", ""), 0);

	cr_assert(shared_attach(fd, 6));
	cr_expect_eq(epoch_get("a", ""), 1);
	cr_expect_null(shared_slot_at(6));
	cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

Test(shared, a_segment_grows_and_keeps_its_contents)
{
	int fd;

	cr_assert_null(shared_open(NULL, 2));
	epoch_bump("a", "");
	cr_assert_not_null(shared_slot_take());
	fd = dup(shared_fd());
	cr_assert_null(shared_open(NULL, 2));
	cr_assert(shared_attach(fd, 500));
	cr_expect_eq(epoch_get("a", ""), 1);
	cr_expect_not_null(shared_slot_of(getpid()));
	cr_assert_not_null(shared_slot_at(499));
	cr_expect_eq(shared_slot_at(499)->pid, 0);
}

Test(shared, a_reading_is_cached_for_a_second)
{
	const struct timespec second = { .tv_sec = 1, .tv_nsec = 100000000 };
	int64_t in[3] = { 1, -2, 3 }, out[3] = { 0 };

	cr_assert_null(shared_open(NULL, 2));
	cr_expect_not(shared_reading(READING_JOBS, out, sizeof(out)));
	shared_report(READING_JOBS, in, sizeof(in));
	cr_assert(shared_reading(READING_JOBS, out, sizeof(out)));
	cr_expect_arr_eq(in, out, sizeof(in));
	cr_expect_not(shared_reading(READING_HEALTH, out, sizeof(out)));

	nanosleep(&second, NULL); /* the segment has no other clock */
	cr_expect_not(shared_reading(READING_JOBS, out, sizeof(out)), "the reading is too old");
	cr_expect(shared_reading(READING_JOBS, out, sizeof(out)), "only one process takes it");
	shared_report(READING_JOBS, in, sizeof(in));
	cr_expect(shared_reading(READING_JOBS, out, sizeof(out)));
}

Test(shared, an_invalid_file_is_rejected)
{
	static const char rubbish[8 * 1024 * 1024] = { 1, 2, 3 };
	FILE *file = tmpfile();

	cr_assert_eq(fwrite(rubbish, sizeof(rubbish), 1, file), 1);
	cr_assert_eq(fflush(file), 0);
	cr_expect_not(shared_attach(fileno(file), 1));
	cr_expect_not(shared_attach(-1, 1));
	fclose(file);
}

static char file_name[64];

static bool
bump_in_file(void)
{
	if (shared_open(file_name, 4))
		return false;
	epoch_bump("a", "");
	return shared_slot_take() != NULL;
}

static void
name_file(void)
{
	snprintf(file_name, sizeof(file_name), "/tmp/segment-%d", (int)getpid());
	unlink(file_name);
}

static void
remove_file(void)
{
	unlink(file_name);
}

TestSuite(shared_file, .init = name_file, .fini = remove_file);

/* On Debian, /run/lock has 5 MiB. */
Test(shared_file, too_little_space_is_reported)
{
	const struct rlimit small = { 4096, 4096 };
	const char *err;

	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	err = shared_open(file_name, 64);
	cr_assert_not_null(err);
	cr_expect_not_null(strstr(err, "(SHM_FILE) has too little space"));
}

Test(shared_file, is_shared_by_processes_without_a_parent)
{
	struct stat st;

	cr_expect(in_child(bump_in_file));
	cr_assert_eq(stat(file_name, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0600);
	cr_expect(in_child(bump_in_file));
	cr_assert_null(shared_open(file_name, 4));
	cr_expect_eq(epoch_get("a", ""), 2);
}

Test(shared_file, of_another_version_is_replaced)
{
	FILE *file = fopen(file_name, "w");

	cr_assert_not_null(file);
	cr_assert_eq(chmod(file_name, 0600), 0);
	fputs("an older segment, or half of one", file);
	fclose(file);
	cr_expect(in_child(bump_in_file));
	cr_assert_null(shared_open(file_name, 4));
	cr_expect_eq(epoch_get("a", ""), 1);
}

Test(shared_file, writable_by_others_is_rejected)
{
	int fd = open(file_name, O_CREAT | O_WRONLY, 0600);

	cr_assert_eq(fchmod(fd, 0666), 0);
	close(fd);
	cr_expect_not_null(shared_open(file_name, 4));
	unlink(file_name);
	cr_assert_eq(symlink("/tmp/elsewhere", file_name), 0);
	cr_expect_not_null(shared_open(file_name, 4));
	cr_expect_neq(access("/tmp/elsewhere", F_OK), 0);
	cr_expect_not_null(shared_open("/nowhere/at/all", 4));
}
