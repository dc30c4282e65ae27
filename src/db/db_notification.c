/* LISTEN and its notifications. */
#include "db_priv.h"

enum error
db_listen(struct ctx *c, const char *channel)
{
	enum error e;

	e = db_connect(c);
	if (e || c->db->listens)
		return e;

	e = db_command(c, "listen", arena_printf(c->arena, "LISTEN %s", channel), db_timeout(),
		       NULL);
	if (e)
		return e;

	c->db->listens = true;
	return OK;
}

const char *
db_notification(struct ctx *c)
{
	PGnotify *notification;
	const char *text;

	if (!c->db->conn || !PQconsumeInput(c->db->conn))
		return NULL;

	notification = PQnotifies(c->db->conn);
	if (!notification)
		return NULL;

	text = arena_text(c->arena, notification->extra);
	PQfreemem(notification);
	return text;
}

int
db_descriptor(const struct db *db)
{
	return db->conn ? PQsocket(db->conn) : -1;
}
