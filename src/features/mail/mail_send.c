/* Sends e-mails to an SMTP server or into a folder. The only file of the features that uses
 * libcurl. */
#include "mail_priv.h"

#include "app/clock.h"
#include "app/log.h"
#include "app/settings.h"

#include <curl/curl.h>
#include <fcntl.h>

enum { MESSAGE_MAX = 256 * 1024, TIMEOUT_SECONDS = 30 };

/* Writes the text of a header, as encoded words (RFC 2047) if it is not plain ASCII. */
static void
put_header_text(struct buf *b, const char *text)
{
	bool plain = true;

	for (const char *p = text; *p; p++)
		plain = plain && (unsigned char)*p < 0x80;
	if (plain) {
		buf_text(b, text);
		return;
	}

	/* A word has at most 75 characters and contains whole characters. */
	for (size_t room = 0; *text; text++) {
		unsigned char ch = (unsigned char)*text;

		if (room < 12 && (ch & 0xc0) != 0x80) {
			buf_text(b, room ? "?=\r\n =?UTF-8?Q?" : "=?UTF-8?Q?");
			room = 60;
		}
		buf_printf(b, "=%02X", ch);
		room = room > 3 ? room - 3 : 1;
	}
	buf_text(b, "?=");
}

/* RFC 5322, section 3.3: Sat, 21 Nov 2026 03:10:00 +0000 */
static void
put_date(struct buf *b)
{
	time_t now = (time_t)(clock_now() / 1000000);
	char text[64];
	struct tm t;

	gmtime_r(&now, &t);
	strftime(text, sizeof(text), "Date: %a, %d %b %Y %H:%M:%S +0000\r\n", &t);
	buf_text(b, text);
}

/* Lines end with CR LF (RFC 5321, section 2.3.8). */
static void
put_body(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			buf_char(b, '\r');
		if (*text != '\r')
			buf_char(b, *text);
	}
}

static const char *
domain_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return at ? at + 1 : "localhost";
}

/* Writes the whole message. Its Message-ID comes from the row, so that clients recognize a second
 * copy. */
static const char *
compose(struct ctx *c, const struct mail *mail, size_t *len)
{
	struct buf b = buf_new(c->arena, MESSAGE_MAX);

	put_date(&b);
	buf_printf(&b, "From: <%s>\r\nTo: <%s>\r\nSubject: ", mail_settings.from, mail->recipient);
	put_header_text(&b, mail->subject);
	buf_printf(&b,
		   "\r\nMessage-ID: <%s@%s>\r\nMIME-Version: 1.0\r\n"
		   "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
		   "Auto-Submitted: auto-generated\r\n\r\n",
		   mail->id, domain_of(mail_settings.from));
	put_body(&b, mail->body);
	*len = b.len;
	return buf_done(&b);
}

struct upload {
	const char *at;
	size_t left;
};

static size_t
read_message(char *out, size_t size, size_t n, void *arg)
{
	struct upload *upload = arg;
	size_t len = size * n < upload->left ? size * n : upload->left;

	memcpy(out, upload->at, len);
	upload->at += len;
	upload->left -= len;
	return len;
}

static void
release_curl(void *curl)
{
	curl_easy_cleanup(curl);
}

static void
release_list(void *list)
{
	curl_slist_free_all(list);
}

static enum error
report_failure(struct ctx *c, const struct mail *mail, CURLcode code, const char *said)
{
	const char *reason = *said ? said : curl_easy_strerror(code);

	if (code == CURLE_USE_SSL_FAILED)
		reason = "it offers no STARTTLS; set SMTP_TLS=off only for a server on this host";
	log_warn(c, "the mail server rejected e-mail %s: %s", mail->id, reason);
	return fail_unavailable(c, CAUSE_MAIL, "the mail server rejected the e-mail: %s", reason);
}

static enum error
send_by_smtp(struct ctx *c, const struct mail *mail, const char *message, size_t len)
{
	struct upload upload = { message, len };
	char said[CURL_ERROR_SIZE] = "";
	struct curl_slist *to;
	CURL *curl = curl_easy_init();
	CURLcode code;

	if (!curl)
		return fail_unavailable(c, CAUSE_MEMORY, NULL);
	arena_defer(c->arena, release_curl, curl);
	to = curl_slist_append(NULL, mail->recipient);
	if (!to)
		return fail_unavailable(c, CAUSE_MEMORY, NULL);
	arena_defer(c->arena, release_list, to);

	curl_easy_setopt(curl, CURLOPT_URL, mail_settings.smtp_url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(curl, CURLOPT_USE_SSL,
			 strcmp(mail_settings.smtp_tls, "off") == 0 ? (long)CURLUSESSL_NONE
								    : (long)CURLUSESSL_ALL);
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, mail_settings.from);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_message);
	curl_easy_setopt(curl, CURLOPT_READDATA, &upload);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, said);
	code = curl_easy_perform(curl);
	return code == CURLE_OK ? OK : report_failure(c, mail, code, said);
}

/* For development: writes each e-mail into a file, atomically. */
static enum error
write_to_folder(struct ctx *c, const struct mail *mail, const char *message, size_t len)
{
	const char *path = arena_printf(c->arena, "%s/%s.eml", mail_settings.dir, mail->id);
	const char *part = arena_printf(c->arena, "%s.part", path);
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool written = fd >= 0 && write(fd, message, len) == (ssize_t)len;

	if (fd >= 0)
		close(fd);
	if (written && rename(part, path) == 0)
		return OK;

	log_warn(c, "cannot write e-mail %s: %s; check MAIL_DIR", path, strerror(errno));
	return fail_unavailable(c, CAUSE_MAIL, "cannot write into MAIL_DIR");
}

enum error
mail_send(struct ctx *c, const struct mail *mail)
{
	size_t len;
	const char *message = compose(c, mail, &len);

	if (!message)
		return fail(c, E_INTERNAL, "the mail is too long");
	if (*mail_settings.smtp_url)
		return send_by_smtp(c, mail, message, len);
	if (*mail_settings.dir)
		return write_to_folder(c, mail, message, len);
	return fail_unavailable(c, CAUSE_SETTINGS,
				"set SMTP_URL (or MAIL_DIR in development) to send mail");
}
