/* The end of a request that takes too long: a signal handler that answers and exits. */
#include "serve_priv.h"

#include "app/clock.h"
#include "app/http.h"
#include "app/log.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>

/* The timer is not set and taken back with each request: it runs on, and its handler
 * looks what there is to end. */
static struct {
	_Atomic int64_t ends;  /* clock_monotonic(); 0: no request */
	_Atomic int64_t alarm; /* when it comes; 0: it does not */
	_Atomic int fd;
	_Atomic unsigned id; /* 0: cannot be answered, or not any more */
	const struct request *_Atomic request;
	_Atomic int64_t length;
} now;

static const struct plain_response too_late = {
	.status = 503,
	.title = "Service Unavailable",
	.code = "unavailable",
	.detail = "The request took longer than it may.",
	.request_id = "none",
	.retry = true,
};

static void
arm(int64_t microseconds)
{
	struct itimerval timer = { .it_value = { .tv_sec = microseconds / 1000000,
						 .tv_usec = microseconds % 1000000 } };

	now.alarm = clock_monotonic() + microseconds;
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* The client has its answer by now. The log is no place for a signal handler: should it
 * wait for a lock that the interrupted code holds, a second alarm ends that. */
static NORETURN void
log_and_exit(bool responded)
{
	const struct request *req = now.request;
	sigset_t alarm_set;

	signal(SIGALRM, SIG_DFL);
	sigemptyset(&alarm_set);
	sigaddset(&alarm_set, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarm_set, NULL);
	alarm(1);
	log_error(req ? req->ctx : NULL, "the request took longer than REQUEST_TIMEOUT_SECONDS; "
					 "this worker ends with it");
	if (responded)
		log_request(req, too_late.status, CAUSE_TIMEOUT, now.length);
	_exit(EXIT_OVERRUN);
}

static void
on_alarm(int signal)
{
	int saved = errno;
	int64_t ends = now.ends, time = clock_monotonic();
	struct plain_response response = too_late;
	bool responded;

	(void)signal;
	if (!ends) {
		now.alarm = 0;
	} else if (time < ends) {
		arm(ends - time);
	} else {
		if (now.request)
			response.request_id = now.request->ctx->request_id;
		responded = now.id;
		if (responded) {
			respond_plainly(now.fd, now.id, &response);
			measure_request(now.request, response.status, CAUSE_TIMEOUT, now.length);
		}
		log_and_exit(responded);
	}
	errno = saved;
}

void
deadline_init(void)
{
	/* Restarted, so that it is not seen by who happens to write or read. */
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	sigset_t alarm_set;

	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&alarm_set);
	sigaddset(&alarm_set, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarm_set, NULL);
}

void
deadline_start(int fd, unsigned seconds)
{
	int64_t length = (int64_t)seconds * 1000000;

	now.fd = fd;
	now.length = length;
	now.ends = clock_monotonic() + length;
	if (!now.alarm || now.alarm > now.ends)
		arm(length);
}

void
deadline_identify(unsigned id, const struct request *req)
{
	now.request = req;
	now.id = id;
}

void
deadline_responding(void)
{
	now.id = 0;
}

void
deadline_stop(void)
{
	now.ends = 0;
	now.id = 0;
	now.request = NULL;
}
