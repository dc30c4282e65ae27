/* The deadline of a request: a signal handler sends a 503 and exits. */
#include "serve_priv.h"

#include "app/clock.h"
#include "app/http.h"
#include "app/log.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>

/* The current request. The timer is not set and cancelled for each request, which would take two
 * system calls: it keeps running, and its handler checks `ends`. */
static struct {
	_Atomic int64_t ends;  /* clock_monotonic(); 0: no request */
	_Atomic int64_t alarm; /* when the timer expires; 0: it is not set */
	_Atomic int fd;
	_Atomic unsigned id; /* of the FastCGI request; 0: no response can be sent */
	const struct request *_Atomic request;
	_Atomic int64_t length;
} current;

static const struct problem timeout_response = {
	.status = 503,
	.title = "Service Unavailable",
	.code = "unavailable",
	.detail = "The request took too long.",
	.request_id = "none",
};

static void
deadline_arm(int64_t microseconds)
{
	struct itimerval timer = { .it_value = { .tv_sec = microseconds / 1000000,
						 .tv_usec = microseconds % 1000000 } };

	current.alarm = clock_monotonic() + microseconds;
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Logging is not async-signal-safe: if it waits for a lock that the interrupted code holds, a second
 * alarm terminates the process. The client already has its response. */
static NORETURN void
log_and_exit(bool responded)
{
	const struct request *req = current.request;
	sigset_t alarm_set;

	signal(SIGALRM, SIG_DFL);
	sigemptyset(&alarm_set);
	sigaddset(&alarm_set, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarm_set, NULL);
	alarm(1);
	log_error(req ? req->ctx : NULL, "the request took longer than REQUEST_TIMEOUT_SECONDS; "
					 "this worker exits");
	if (responded)
		log_request(req, timeout_response.status, CAUSE_TIMEOUT, current.length);
	_exit(EXIT_OVERRUN);
}

static void
deadline_on_alarm(int signal)
{
	int saved = errno;
	int64_t ends = current.ends, time = clock_monotonic();
	struct problem response = timeout_response;
	bool responded;

	(void)signal;
	if (!ends) {
		current.alarm = 0;
	} else if (time < ends) {
		deadline_arm(ends - time);
	} else {
		if (current.request)
			response.request_id = current.request->ctx->request_id;
		responded = current.id;
		if (responded) {
			respond_plainly(current.fd, current.id, &response);
			measure_request(current.request, response.status, CAUSE_TIMEOUT,
					current.length);
		}
		log_and_exit(responded);
	}
	errno = saved;
}

void
deadline_init(void)
{
	/* Without SA_RESTART, the alarm of an earlier request could interrupt a read or write. */
	struct sigaction action = { .sa_handler = deadline_on_alarm, .sa_flags = SA_RESTART };
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

	current.fd = fd;
	current.length = length;
	current.ends = clock_monotonic() + length;
	if (!current.alarm || current.alarm > current.ends)
		deadline_arm(length);
}

void
deadline_identify(unsigned id, const struct request *req)
{
	current.request = req;
	current.id = id;
}

void
deadline_responding(void)
{
	current.id = 0;
}

void
deadline_stop(void)
{
	current.ends = 0;
	current.id = 0;
	current.request = NULL;
}
