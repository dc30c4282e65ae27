/* An answer without the pipeline, libfcgi, stdio or memory: also for a signal handler. */
#include "serve_priv.h"

#include <fastcgi.h>

struct text {
	unsigned char data[2048];
	size_t len;
};

static void
put(struct text *t, const char *text)
{
	for (; *text && t->len < sizeof(t->data); text++)
		t->data[t->len++] = (unsigned char)*text;
}

static void
put_number(struct text *t, size_t number)
{
	char digits[24];
	size_t i = sizeof(digits) - 1;

	digits[i] = '\0';
	do {
		digits[--i] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	put(t, digits + i);
}

static void
put_body(struct text *t, const struct plain_response *a)
{
	put(t, "{\"type\":\"about:blank\",\"title\":\"");
	put(t, a->title);
	put(t, "\",\"status\":");
	put_number(t, a->status);
	put(t, ",\"detail\":\"");
	put(t, a->detail);
	put(t, "\",\"code\":\"");
	put(t, a->code);
	put(t, "\",\"request_id\":\"");
	put(t, a->request_id);
	put(t, "\"}");
}

static void
put_head(struct text *t, const struct plain_response *a, size_t body_len)
{
	put(t, "Status: ");
	put_number(t, a->status);
	put(t, " ");
	put(t, a->title);
	put(t, "\r\nContent-Type: application/problem+json\r\nContent-Length: ");
	put_number(t, body_len);
	put(t, a->retry ? "\r\nRetry-After: 1" : "");
	put(t, "\r\nX-Request-ID: ");
	put(t, a->request_id);
	put(t, "\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n\r\n");
}

void
put_record_header(unsigned char *out, unsigned type, unsigned id, size_t len)
{
	out[0] = FCGI_VERSION_1;
	out[1] = (unsigned char)type;
	out[2] = (unsigned char)(id >> 8);
	out[3] = (unsigned char)id;
	out[4] = (unsigned char)(len >> 8);
	out[5] = (unsigned char)len;
	out[6] = out[7] = 0;
}

void
respond_plainly(int fd, unsigned id, const struct plain_response *a)
{
	unsigned char out[2 * sizeof(struct text) + 32], *p = out;
	struct text head = { .len = 0 }, body = { .len = 0 };
	size_t len;

	put_body(&body, a);
	put_head(&head, a, body.len);
	len = head.len + body.len;

	put_record_header(p, FCGI_STDOUT, id, len);
	p += FCGI_HEADER_LEN;
	memcpy(p, head.data, head.len);
	p += head.len;
	memcpy(p, body.data, body.len);
	p += body.len;
	put_record_header(p, FCGI_STDOUT, id, 0);
	p += FCGI_HEADER_LEN;
	put_record_header(p, FCGI_END_REQUEST, id, 8);
	p += FCGI_HEADER_LEN;
	memset(p, 0, 8); /* status 0, request complete */
	p += 8;
	if (write(fd, out, (size_t)(p - out)) < 0)
		return; /* nobody there to be told */
}
