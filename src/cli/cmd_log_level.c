/* log-level: tells the running pool what to log from now on. */
#include "cli_priv.h"

#include "app/log.h"
#include "app/settings.h"

#include <signal.h>

/* A number, 0 for none, of the text or of the first line of the file. */
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

/* Whether the process runs this program, perhaps of before an upgrade: the signal would end
 * any other. */
static bool
is_ours(long pid)
{
	char path[40], own[PATH_MAX], its[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", own, sizeof(own));

	snprintf(path, sizeof(path), "/proc/%ld/exe", pid);
	return len > 0 && readlink(path, its, sizeof(its)) >= len &&
	       memcmp(own, its, (size_t)len) == 0;
}

int
cmd_log_level(int argc, char **argv)
{
	const char *option = cli_option(&argc, argv, "--pid");
	enum log_level level = LOG_DEBUG;
	union sigval value = { 0 };
	long pid;

	if (argc != 2)
		return cli_usage(argv[0], "it wants a level");
	if (strcmp(argv[1], "default") != 0) {
		if (!log_level_parse(argv[1], &level))
			return cli_usage(argv[0], "%s is no level", argv[1]);
		value.sival_int = (int)level + 1;
	}
	if (!option && !*settings.pid_file)
		return cli_usage(argv[0], "without PID_FILE it wants --pid");

	pid = read_pid(option);
	if (!pid || !is_ours(pid)) {
		fprintf(stderr, "%s %s: no pool runs there: look at PID_FILE, or at --pid\n",
			PACKAGE, argv[0]);
		return 1;
	}
	if (sigqueue((pid_t)pid, SIGUSR2, value) != 0) {
		fprintf(stderr, "%s %s: cannot tell process %ld: %s\n", PACKAGE, argv[0], pid,
			strerror(errno));
		return 1;
	}
	return 0;
}
