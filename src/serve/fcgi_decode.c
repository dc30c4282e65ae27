/* Lets libfcgi decode the parameters of a request that fcgi_parser.c has accepted. fcgi.c has a
 * picture. Only this file uses the library, by its public functions alone. */
#include "serve_priv.h"

#include <fcgiapp.h>
#include <fastcgi.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

enum { PIECE = 32 * 1024, RECORDS_MAX = PARSER_PARAMS_BYTES / PIECE + 3 };

static struct {
	int ours; /* our end of the connection to libfcgi */
	FCGX_Request request;
} decoder;

/* The records of a request, each with header and content. */
struct request_records {
	unsigned char headers[RECORDS_MAX][FCGI_HEADER_LEN];
	struct iovec parts[2 * RECORDS_MAX];
	size_t n, total;
};

static void
add_record(struct request_records *r, unsigned type, void *content, size_t len)
{
	unsigned char *header = r->headers[r->n];

	put_record_header(header, type, 1, len);
	r->parts[2 * r->n] = (struct iovec) { header, FCGI_HEADER_LEN };
	r->parts[2 * r->n + 1] = (struct iovec) { content, len };
	r->total += FCGI_HEADER_LEN + len;
	r->n++;
}

/* Sends the parameters. The socket buffer has room for all of them: libfcgi, in the same thread,
 * cannot read meanwhile. Without a STDIN record, it reads exactly what is sent. */
static bool
send_request(unsigned char *params, size_t params_len)
{
	unsigned char begin[8] = { 0, FCGI_RESPONDER, FCGI_KEEP_CONN };
	struct request_records r; /* not zeroed: it is large */
	struct msghdr message = { .msg_iov = r.parts };
	size_t len;

	r.n = r.total = 0;
	add_record(&r, FCGI_BEGIN_REQUEST, begin, sizeof(begin));
	for (size_t at = 0; at < params_len; at += len) {
		len = params_len - at;
		len = len < PIECE ? len : PIECE;
		add_record(&r, FCGI_PARAMS, params + at, len);
	}
	add_record(&r, FCGI_PARAMS, NULL, 0);
	message.msg_iovlen = 2 * r.n;
	return sendmsg(decoder.ours, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)r.total;
}

char **
decoder_read(const struct fcgi_parser *parser)
{
	if (!send_request(parser->params, parser->params_len) ||
	    FCGX_Accept_r(&decoder.request) != 0)
		return NULL;
	return decoder.request.envp;
}

const char *
decoder_param(const char *name)
{
	const char *value = FCGX_GetParam(name, decoder.request.envp);

	return value && *value ? value : NULL;
}

/* Discards the empty response that libfcgi writes, 24 bytes. */
void
decoder_finish(void)
{
	char ignored[256];

	FCGX_Finish_r(&decoder.request);
	recv(decoder.ours, ignored, sizeof(ignored), MSG_DONTWAIT);
}

/* Connects to a listening socket with a name that the kernel chooses. If another process were to
 * connect first, the backlog would be full. */
static bool
connect_pair(int listener)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t size = sizeof(address);
	int room = 4 * PARSER_PARAMS_BYTES;

	if (bind(listener, (struct sockaddr *)&address, sizeof(address.sun_family)) != 0 ||
	    listen(listener, 0) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) != 0)
		return false;

	setsockopt(decoder.ours, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return connect(decoder.ours, (struct sockaddr *)&address, size) == 0;
}

/* The first request makes libfcgi accept the connection. All have FCGI_KEEP_CONN, so it keeps it. */
bool
decoder_open(void)
{
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool good;

	decoder.ours = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	good = listener >= 0 && decoder.ours >= 0 && connect_pair(listener) && FCGX_Init() == 0 &&
	       FCGX_InitRequest(&decoder.request, listener, 0) == 0 && send_request(NULL, 0) &&
	       FCGX_Accept_r(&decoder.request) == 0;
	signal(SIGPIPE, SIG_IGN); /* libfcgi has changed it */
	if (listener >= 0)
		close(listener);
	if (good)
		decoder_finish();
	return good;
}

/* Closes our end first: libfcgi waits up to two seconds for that. */
void
decoder_close(void)
{
	close(decoder.ours);
	FCGX_Free(&decoder.request, 1);
}
