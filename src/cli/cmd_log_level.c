/* log-level: changes the log level of a running pool. */
#include "app/command.h"

#include "app/log.h"
#include "app/settings.h"

#include <signal.h>

/* Parses a process ID from `text`, or if that is NULL, from PID_FILE. 0: invalid. */
static long
read_pid(const char *text)
{
	char line[32] = "", *end;
	FILE *in = text ? NULL : fopen(settings.pid_file, "re");
	long pid;

	if (in) {
		text = fgets(line, sizeof(line), in);
		fclose(in);
	}
	if (!text)
		return 0;
	pid = strtol(text, &end, 10);
	return pid > 0 && pid <= INT32_MAX && (*end == '\0' || *end == '\n') ? pid : 0;
}

/* Whether the process runs this program, also the version before an upgrade (" (deleted)"). The
 * signal would terminate any other program. */
static bool
runs_this_program(long pid)
{
	char path[40], own[PATH_MAX], its[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", own, sizeof(own));

	snprintf(path, sizeof(path), "/proc/%ld/exe", pid);
	return len > 0 && readlink(path, its, sizeof(its)) >= len &&
	       memcmp(own, its, (size_t)len) == 0;
}

static enum error
log_level(struct ctx *c, const struct call *call)
{
	const char *text = cli_value(call, "LEVEL"), *option = cli_value(call, "--pid");
	enum log_level level = LOG_DEBUG;
	union sigval value = { 0 };
	long pid;

	if (strcmp(text, "default") != 0) {
		if (!log_level_parse(text, &level))
			return fail(
			    c, E_BAD_REQUEST,
			    "unknown level %s: expected debug, info, warn, error or default", text);
		value.sival_int = (int)level + 1;
	}
	if (!option && !*settings.pid_file)
		return fail(c, E_BAD_REQUEST,
			    "the setting PID_FILE is empty: set it, or use --pid");

	pid = read_pid(option);
	if (!pid || !runs_this_program(pid))
		return fail(c, E_NOT_FOUND, "no pool is running with that process ID: check %s",
			    option ? "--pid" : "PID_FILE");
	if (sigqueue((pid_t)pid, SIGUSR2, value) != 0)
		return fail(c, E_INTERNAL, "cannot signal process %ld: %s", pid, strerror(errno));
	return OK;
}

const struct subcommand log_level_subcommands[] = { { "LEVEL [--pid N]", log_level, NULL }, { 0 } };
