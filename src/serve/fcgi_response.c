/* Encodes responses as FastCGI records. Up to 64 KiB take one system call. No allocation and no
 * stdio, since the handler of a deadline responds, too. */
#include "serve_priv.h"

#include "app/buf.h"
#include "app/http.h"

#include <fastcgi.h>
#include <sys/socket.h>

enum { CONTENT_MAX = 65528, END_BYTES = 3 * FCGI_HEADER_LEN };

/* A STDOUT record that is being filled, with room for the records that end the response. */
static struct {
	int fd;
	unsigned id;
	bool broken; /* the web server has closed the connection */
	size_t len;  /* of the content */
	unsigned char bytes[FCGI_HEADER_LEN + CONTENT_MAX + END_BYTES];
} out;

void
put_record_header(unsigned char *to, unsigned type, unsigned id, size_t len)
{
	to[0] = FCGI_VERSION_1;
	to[1] = (unsigned char)type;
	to[2] = (unsigned char)(id >> 8);
	to[3] = (unsigned char)id;
	to[4] = (unsigned char)(len >> 8);
	to[5] = (unsigned char)len;
	to[6] = to[7] = 0;
}

/* ---- records */

static void
start_response(int fd, unsigned id)
{
	out.fd = fd;
	out.id = id;
	out.broken = false;
	out.len = 0;
}

/* Sends the record, and `more` bytes after it. */
static void
out_send(size_t more)
{
	size_t total = FCGI_HEADER_LEN + out.len + more;
	ssize_t n;

	put_record_header(out.bytes, FCGI_STDOUT, out.id, out.len);
	for (size_t at = 0; at < total && !out.broken; at += (size_t)n) {
		n = send(out.fd, out.bytes + at, total - at, MSG_NOSIGNAL);
		out.broken = n < 0;
	}
	out.len = 0;
}

static void
out_bytes(const char *bytes, size_t len)
{
	while (len > 0) {
		size_t room = CONTENT_MAX - out.len, n = len < room ? len : room;

		if (n == 0) {
			out_send(0);
			continue;
		}
		memcpy(out.bytes + FCGI_HEADER_LEN + out.len, bytes, n);
		out.len += n;
		bytes += n;
		len -= n;
	}
}

static void
out_text(const char *text)
{
	out_bytes(text, strlen(text));
}

/* Sends the rest, an empty STDOUT record, and END_REQUEST with status 0 and REQUEST_COMPLETE. */
static void
end_response(void)
{
	unsigned char *end = out.bytes + FCGI_HEADER_LEN + out.len;

	memset(end, 0, END_BYTES);
	put_record_header(end, FCGI_STDOUT, out.id, 0);
	put_record_header(end + FCGI_HEADER_LEN, FCGI_END_REQUEST, out.id, 8);
	out_send(END_BYTES);
}

/* ---- headers */

static void
out_number(size_t number)
{
	char memory[24];
	struct buf digits = buf_fixed(memory, sizeof(memory));

	buf_int(&digits, (int64_t)number);
	out_bytes(digits.data, digits.len);
}

static void
out_header(const char *name, const char *value)
{
	out_text(name);
	out_text(": ");
	out_text(value);
	out_text("\r\n");
}

static void
out_status(unsigned status, const char *title)
{
	out_text("Status: ");
	out_number(status);
	out_text(" ");
	out_text(title);
	out_text("\r\n");
}

static void
out_length(size_t len)
{
	out_text("Content-Length: ");
	out_number(len);
	out_text("\r\n");
}

static const char *
reason(unsigned status)
{
	static const struct {
		unsigned status;
		const char *text;
	} reasons[] = {
		{ 200, "OK" },         { 201, "Created" },   { 202, "Accepted" },
		{ 204, "No Content" }, { 303, "See Other" }, { 304, "Not Modified" },
	};

	for (size_t i = 0; i < COUNT(reasons); i++) {
		if (reasons[i].status == status)
			return reasons[i].text;
	}
	for (enum error e = OK + 1; e < ERROR_COUNT; e++) {
		if (error_info(e)->status == status)
			return error_info(e)->title;
	}
	return "Unknown";
}

/* ---- responses */

void
respond_fcgi(int fd, unsigned id, const struct request *req)
{
	const struct response *response = &req->response;
	bool has_body = response->status != 204 && response->status != 304;

	start_response(fd, id);
	out_status(response->status, reason(response->status));
	if (response->media_type)
		out_header("Content-Type", response->media_type);
	if (has_body)
		out_length(response->len);
	for (size_t i = 0; i < response->nheaders; i++)
		out_header(response->headers[i].name, response->headers[i].value);
	out_text("\r\n");
	if (has_body && strcmp(req->method_text, "HEAD") != 0)
		out_bytes(response->body, response->len);
	end_response();
}

void
respond_plainly(int fd, unsigned id, const struct problem *p)
{
	char memory[1024];
	struct buf body = buf_fixed(memory, sizeof(memory));

	problem_write(&body, p);
	buf_char(&body, '}');
	start_response(fd, id);
	out_status(p->status, p->title);
	out_header("Content-Type", "application/problem+json");
	out_length(body.len);
	if (p->status == 503)
		out_header("Retry-After", "1");
	out_header("X-Request-ID", p->request_id);
	out_header("X-Content-Type-Options", "nosniff");
	out_header("Cache-Control", "no-store");
	out_text("\r\n");
	out_bytes(body.data, body.len);
	end_response();
}
