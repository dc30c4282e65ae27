/* Sends a response without the pipeline, libfcgi, stdio or malloc: safe in a signal handler. */
#include "serve_priv.h"

#include <fastcgi.h>

struct text {
	unsigned char data[2048];
	size_t len;
};

static void
text_put(struct text *t, const char *text)
{
	for (; *text && t->len < sizeof(t->data); text++)
		t->data[t->len++] = (unsigned char)*text;
}

static void
text_put_number(struct text *t, size_t number)
{
	char digits[24];
	size_t i = sizeof(digits) - 1;

	digits[i] = '\0';
	do {
		digits[--i] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	text_put(t, digits + i);
}

static void
text_put_body(struct text *t, const struct plain_response *response)
{
	text_put(t, "{\"type\":\"about:blank\",\"title\":\"");
	text_put(t, response->title);
	text_put(t, "\",\"status\":");
	text_put_number(t, response->status);
	text_put(t, ",\"detail\":\"");
	text_put(t, response->detail);
	text_put(t, "\",\"code\":\"");
	text_put(t, response->code);
	text_put(t, "\",\"request_id\":\"");
	text_put(t, response->request_id);
	text_put(t, "\"}");
}

static void
text_put_head(struct text *t, const struct plain_response *response, size_t body_len)
{
	text_put(t, "Status: ");
	text_put_number(t, response->status);
	text_put(t, " ");
	text_put(t, response->title);
	text_put(t, "\r\nContent-Type: application/problem+json\r\nContent-Length: ");
	text_put_number(t, body_len);
	text_put(t, response->retry ? "\r\nRetry-After: 1" : "");
	text_put(t, "\r\nX-Request-ID: ");
	text_put(t, response->request_id);
	text_put(t, "\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n\r\n");
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
respond_plainly(int fd, unsigned id, const struct plain_response *response)
{
	unsigned char out[2 * sizeof(struct text) + 32], *p = out;
	struct text head = { .len = 0 }, body = { .len = 0 };
	size_t len;

	text_put_body(&body, response);
	text_put_head(&head, response, body.len);
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
		return; /* the connection is closed */
}
