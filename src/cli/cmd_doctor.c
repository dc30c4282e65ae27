/* doctor: checks an installation for common problems. */
#include "app/command.h"
#include "doctor_priv.h"

#include "app/buf.h"
#include "app/settings.h"
#include "app/print.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
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

/* ---- running the checks */

/* Discards log output: the findings have the details. */
static NORETURN void
run_checks(enum service service, struct finding *findings)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct finding f;

	if (null >= 0)
		dup2(null, STDERR_FILENO);
	for (size_t i = 0; doctor_checks[i].name; i++) {
		if (doctor_checks[i].service != service)
			continue;
		doctor_checks[i].run(&f);
		findings[i] = f;
	}
	_exit(EXIT_SUCCESS);
}

/* Runs each service in a child process, and ends those that take too long. The children hold the
 * writing end of a pipe: poll() returns when all have exited. */
static void
run_services(struct finding *findings)
{
	struct pollfd running = { .fd = -1 };
	pid_t pids[SERVICES];
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return;

	for (int service = 0; service < SERVICES; service++) {
		pids[service] = fork();
		if (pids[service] == 0)
			run_checks((enum service)service, findings);
	}
	close(ends[1]);
	running.fd = ends[0];
	poll(&running, 1, TIMEOUT_MS);
	close(ends[0]);
	for (int service = 0; service < SERVICES; service++) {
		if (pids[service] < 0)
			continue;
		kill(pids[service], SIGKILL);
		waitpid(pids[service], NULL, 0);
	}
}

/* Returns memory that the children share, with the findings of checks that do not end, or NULL. */
static struct finding *
new_findings(void)
{
	struct finding *findings = mmap(NULL, CHECKS_MAX * sizeof(*findings),
					PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (findings == MAP_FAILED)
		return NULL;

	for (size_t i = 0; i < CHECKS_MAX; i++)
		finding_set(&findings[i], STATE_FAULT, "check that it is reachable from this host",
			    "no response within %d ms", TIMEOUT_MS);
	return findings;
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
	struct finding *findings = new_findings();
	bool json = cli_value(call, "--json");
	int faults = 0;

	if (!findings) {
		print(stderr, "%s doctor: out of memory\n", PACKAGE);
		return 1;
	}
	doctor_plan.url = cli_value(call, "--url");
	doctor_plan.log = cli_value(call, "--log");
	if (!doctor_plan.url)
		doctor_plan.url = settings.app_url;
	run_services(findings);
	for (size_t i = 0; doctor_checks[i].name; i++) {
		faults += findings[i].state == STATE_FAULT;
		if (json)
			print_finding_json(doctor_checks[i].name, &findings[i], i == 0);
		else
			print_row(doctor_checks[i].name, &findings[i]);
	}
	if (json)
		print(stdout, "]\n");
	munmap(findings, CHECKS_MAX * sizeof(*findings));
	return faults ? 1 : 0;
}

const struct subcommand doctor_subcommands[] = {
	{ "[--url URL] [--log FILE] [--json]", .run_alone = doctor },
	{ 0 },
};
