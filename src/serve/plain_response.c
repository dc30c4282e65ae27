/* Sends a response without the pipeline, libfcgi, stdio or malloc: safe in a signal handler. */
#include "serve_priv.h"

#include "app/http.h"

#include <fastcgi.h>

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

static void
put_record(struct buf *out, unsigned type, unsigned id, size_t len)
{
	unsigned char header[FCGI_HEADER_LEN];

	put_record_header(header, type, id, len);
	buf_put(out, header, sizeof(header));
}

static void
put_head(struct buf *out, const struct problem *p, size_t body_len)
{
	buf_text(out, "Status: ");
	buf_int(out, p->status);
	buf_char(out, ' ');
	buf_text(out, p->title);
	buf_text(out, "\r\nContent-Type: application/problem+json\r\nContent-Length: ");
	buf_int(out, (int64_t)body_len);
	buf_text(out, p->status == 503 ? "\r\nRetry-After: 1" : "");
	buf_text(out, "\r\nX-Request-ID: ");
	buf_text(out, p->request_id);
	buf_text(out, "\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n\r\n");
}

void
respond_plainly(int fd, unsigned id, const struct problem *p)
{
	char memory[4096], body_memory[1024];
	struct buf out = buf_fixed(memory, sizeof(memory));
	struct buf body = buf_fixed(body_memory, sizeof(body_memory));

	problem_write(&body, p);
	buf_json(&body, "}");
	put_record(&out, FCGI_STDOUT, id, 0); /* replaced when the length is known */
	put_head(&out, p, body.len);
	buf_put(&out, body.data, body.len);
	put_record_header((unsigned char *)out.data, FCGI_STDOUT, id, out.len - FCGI_HEADER_LEN);

	put_record(&out, FCGI_STDOUT, id, 0);
	put_record(&out, FCGI_END_REQUEST, id, 8);
	buf_put(&out, (char[8]) { 0 }, 8); /* status 0, request complete */
	if (write(fd, out.data, out.len) < 0)
		return; /* the connection is closed */
}
