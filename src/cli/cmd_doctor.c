/* doctor: checks an installation for common problems. */
#include "app/command.h"
#include "doctor_priv.h"

#include "app/buf.h"
#include "app/clock.h"
#include "app/settings.h"
#include "app/print.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

enum { TIMEOUT_MS = 1800, CHECKS_MAX = 32 };

struct plan doctor_plan;

void
finding_set(struct finding *f, enum state state, const char *hint, const char *format, ...)
{
	va_list args;

	f->state = state;
	snprintf(f->hint, sizeof(f->hint), "%s", hint ? hint : "");
	va_start(args, format);
	vsnprintf(f->text, sizeof(f->text), format, args);
	va_end(args);
}

/* Discards log output: the finding has the details. */
static NORETURN void
run_check(const struct check *check, int out)
{
	struct finding f = { .state = STATE_UNKNOWN };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null >= 0)
		dup2(null, STDERR_FILENO);
	check->run(&f);
	_exit(write(out, &f, sizeof(f)) == sizeof(f) ? 0 : 1);
}

/* Runs a check in a child process. Returns the pipe for its finding, or -1. */
static int
start_doctor_check(const struct check *check, pid_t *pid)
{
	int ends[2];

	*pid = -1;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;

	*pid = fork();
	if (*pid == 0)
		run_check(check, ends[1]);
	close(ends[1]);
	return ends[0];
}

static void
collect_finding(int from, pid_t pid, int64_t until, struct finding *f)
{
	struct pollfd p = { .fd = from, .events = POLLIN };
	int64_t left = (until - clock_monotonic()) / 1000;

	if (pid < 0 || poll(&p, 1, left > 0 ? (int)left : 0) <= 0 ||
	    read(from, f, sizeof(*f)) != sizeof(*f))
		finding_set(f, STATE_FAULT, "check that it is reachable from this host",
			    "no response within %d ms", TIMEOUT_MS);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	if (from >= 0)
		close(from);
}

/* ---- output */

static const struct {
	const char *name, *colour;
	const char *word; /* in JSON */
} states[] = {
	[STATE_FAULT] = { "FAULT", "\033[31m", "fault" },
	[STATE_WARNING] = { "warning", "\033[33m", "warning" },
	[STATE_OK] = { "ok", "\033[32m", "ok" },
	[STATE_UNKNOWN] = { "-", "", "unknown" },
};

static void
print_row(const char *name, const struct finding *f)
{
	bool colour = isatty(STDOUT_FILENO) && *states[f->state].colour;

	fputs(colour ? states[f->state].colour : "", stdout);
	print(stdout, "%-7s", states[f->state].name);
	fputs(colour ? "\033[0m" : "", stdout);
	print(stdout, "  %-12s %s\n", name, f->text);
	if (*f->hint)
		print(stdout, "%-9s%-12s %s\n", "", "", f->hint);
}

static void
print_finding_json(const char *name, const struct finding *f, bool first)
{
	struct arena *a = arena_new(64 * 1024);
	struct buf b = buf_new(a, 32 * 1024);

	buf_json(&b, "{'check':%s,'state':%s,'text':%s,'hint':%s}", name, states[f->state].word,
		 f->text, f->hint);
	print(stdout, first ? "[%s" : ",\n %s", b.data);
	arena_free(a);
}

static int
doctor(const struct call *call)
{
	bool json = cli_value(call, "--json");
	int64_t until = clock_monotonic() + TIMEOUT_MS * (int64_t)1000;
	pid_t pids[CHECKS_MAX];
	int from[CHECKS_MAX], faults = 0;

	doctor_plan.url = cli_value(call, "--url");
	doctor_plan.site = cli_value(call, "--site");
	doctor_plan.log = cli_value(call, "--log");
	if (!doctor_plan.url)
		doctor_plan.url = settings.app_url;
	for (size_t i = 0; doctor_checks[i].name; i++)
		from[i] = start_doctor_check(&doctor_checks[i], &pids[i]);
	for (size_t i = 0; doctor_checks[i].name; i++) {
		struct finding f;

		collect_finding(from[i], pids[i], until, &f);
		faults += f.state == STATE_FAULT;
		if (json)
			print_finding_json(doctor_checks[i].name, &f, i == 0);
		else
			print_row(doctor_checks[i].name, &f);
	}
	if (json)
		print(stdout, "]\n");
	return faults ? 1 : 0;
}

const struct subcommand doctor_subcommands[] = {
	{ "[--url URL] [--site FILE] [--log FILE] [--json]", .run_alone = doctor },
	{ 0 },
};
