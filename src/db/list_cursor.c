/* Cursors: an opaque, authenticated position in a list. */
#include "table_priv.h"

#include "app/log.h"
#include "app/secret.h"

/* A cursor is the base64url of: MAC, 'v' or 'n' (value or null), id, value. */
enum {
	MAC_SIZE = 16,
	ID_SIZE = 36,
	HEAD_SIZE = MAC_SIZE + 1 + ID_SIZE,
	BYTES_MAX = HEAD_SIZE + CURSOR_VALUE_MAX,
	TEXT_MAX = (BYTES_MAX * 4 + 2) / 3,
	SIGNED_MAX = 256 * 1024,
};

static void
sign_value(struct buf *b, const char *value)
{
	buf_char(b, value ? '=' : '.');
	if (value)
		buf_put(b, value, strlen(value) + 1);
}

/* Computes the MAC of list, order, filters and position. Each string ends with a NUL, so different
 * inputs are never the same bytes. */
static bool
make_mac(struct ctx *c, const struct list_args *args, const char *position, size_t len,
	 unsigned char mac[SHA256_SIZE])
{
	struct buf b = buf_new(c->arena, SIGNED_MAX);

	buf_put(&b, args->table->name, strlen(args->table->name) + 1);
	buf_put(&b, args->sort->name, strlen(args->sort->name) + 1);
	buf_char(&b, args->ascending ? '+' : '-');
	sign_value(&b, args->owner);
	sign_value(&b, args->parent);
	for (size_t i = 0; i < LIST_FILTERS_MAX; i++)
		sign_value(&b, args->values[i]);
	buf_put(&b, position, len);
	if (!buf_done(&b))
		return false;

	secret_sign("cursor", b.data, b.len, mac);
	return true;
}

enum error
cursor_write(struct ctx *c, const struct list_args *args, const struct list_position *at,
	     const char **out)
{
	unsigned char mac[SHA256_SIZE];
	struct buf position = buf_new(c->arena, BYTES_MAX - MAC_SIZE);
	struct buf bytes = buf_new(c->arena, BYTES_MAX), text = buf_new(c->arena, TEXT_MAX);

	buf_char(&position, at->value ? 'v' : 'n');
	buf_text(&position, at->id);
	buf_text(&position, at->value ? at->value : "");
	if (!buf_done(&position) || !make_mac(c, args, position.data, position.len, mac)) {
		log_error(c, "list %s: a value of %s is too long for a cursor", args->table->name,
			  args->sort->name);
		return fail(c, E_INTERNAL, NULL);
	}

	buf_put(&bytes, mac, MAC_SIZE);
	buf_put(&bytes, position.data, position.len);
	buf_base64url(&text, bytes.data, bytes.len);
	*out = buf_done(&text);
	return *out ? OK : fail(c, E_INTERNAL, NULL);
}

/* Returns the number of bytes; 0: malformed. */
static size_t
decode_cursor(const char *cursor, unsigned char out[BYTES_MAX])
{
	size_t len = strlen(cursor), n;

	if (len > TEXT_MAX || !base64url_read(cursor, len, out, &n) || n < HEAD_SIZE)
		return 0;
	return n;
}

bool
cursor_plausible(const char *cursor)
{
	unsigned char bytes[BYTES_MAX];

	return decode_cursor(cursor, bytes) > 0;
}

enum error
cursor_read(struct ctx *c, const struct list_args *args, struct list_position *out)
{
	unsigned char bytes[BYTES_MAX], mac[SHA256_SIZE];
	const char *position = (const char *)bytes + MAC_SIZE;
	size_t len = decode_cursor(args->cursor, bytes);

	if (!len || !make_mac(c, args, position, len - MAC_SIZE, mac) ||
	    !secret_equal(mac, bytes, MAC_SIZE))
		return fail_field(c, "query", "cursor", FIELD_INVALID_FORMAT,
				  "was not issued for this list, order and filters");

	out->id = arena_text_n(c->arena, position + 1, ID_SIZE);
	out->value = NULL;
	if (*position == 'v')
		out->value =
		    arena_text_n(c->arena, (const char *)bytes + HEAD_SIZE, len - HEAD_SIZE);
	return OK;
}
