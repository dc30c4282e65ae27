/* keys: creates, lists and retires the keys of access tokens. */
#include "app/command.h"

#include "app/buf.h"
#include "app/clock.h"
#include "app/keys.h"
#include "app/settings.h"
#include "app/print.h"

enum { LIST_MAX = 64 * 1024 };

static const char *
time_text(struct arena *a, int64_t seconds)
{
	char text[CLOCK_TEXT_SIZE];

	clock_text(seconds * 1000000, text);
	return arena_printf(a, "%.19sZ", text);
}

/* keys_load() reports each error on a line of its own. */
static enum error
fail_keys(struct ctx *c, const char *err)
{
	size_t len = err ? strlen(err) : 0;
	bool lines = len && err[len - 1] == '\n';

	if (!err)
		return OK;
	return fail(c, E_CONFLICT, "%s%.*s", lines ? "\n" : "", (int)(len - lines), err);
}

/* ---- make */

static enum error
cmd_keys_make(struct ctx *c, const struct call *call)
{
	const char *argument = cli_value(call, "RS256|ES256"), *err;
	const char *algorithm = argument ? argument : settings.jwt_algorithm;
	bool first = true;
	struct key key;
	const struct key *keys;
	size_t n;

	if (argument && strcmp(argument, "RS256") != 0 && strcmp(argument, "ES256") != 0)
		return fail(c, E_BAD_REQUEST, "unknown algorithm %s: expected RS256 or ES256",
			    argument);
	if (strcmp(algorithm, KEY_SECRET_ALGORITHM) == 0)
		algorithm = "ES256";

	err = keys_create(c->arena, algorithm, &key);
	if (err)
		return fail_keys(c, err);

	err = keys_load(c->arena); /* NOLINT: errors of other settings do not matter here */
	keys = keys_all(&n);
	for (size_t i = 0; i < n; i++)
		first &= strcmp(keys[i].algorithm, key.algorithm) != 0 ||
			 strcmp(keys[i].id, key.id) == 0;
	print(stdout, "created the %s key %s in %s/%s\n", key.algorithm, key.id,
	      settings.jwt_keys_dir, key.file);
	if (first)
		print(stdout, "reload the service (HUP) to sign with it\n");
	else
		print(stdout,
		      "reload the service (HUP) on every host to publish it; it signs from %s on\n",
		      time_text(c->arena, key_signs_from(&key)));
	return OK;
}

/* ---- list */

/* "signs", "will sign" (once it has been published for long enough) or "verifies". */
static const char *
state_of(const struct key *key)
{
	const struct key *signs = keys_signing();

	if (key == signs)
		return "signs";
	if (*key->file && key_is_private(key) && signs && *signs->file &&
	    strcmp(key->algorithm, signs->algorithm) == 0 &&
	    key_signs_from(key) > key_signs_from(signs))
		return "will sign";
	return "verifies";
}

static void
list_json(struct arena *a, const struct key *key, bool first)
{
	struct buf b = buf_new(a, LIST_MAX);

	buf_json(&b, "{'kid':%s,'alg':%s,'state':%s,'made_at':%s,'setting':%s,'file':%s}", key->id,
		 key->algorithm, state_of(key), key->created ? time_text(a, key->created) : NULL,
		 key->setting, key->file);
	print(stdout, first ? "[%s" : ",\n %s", b.data);
}

static enum error
cmd_keys_list(struct ctx *c, const struct call *call)
{
	bool json = cli_value(call, "--json");
	const char *err;
	const struct key *keys;
	size_t n;

	err = keys_load(c->arena);
	keys = keys_all(&n);
	for (size_t i = 0; i < n; i++) {
		const struct key *key = &keys[i];

		if (json)
			list_json(c->arena, key, i == 0);
		else
			print(stdout, "%-43s  %s  %-9s  %-20s  %s\n", key->id, key->algorithm,
			      state_of(key), key->created ? time_text(c->arena, key->created) : "",
			      *key->file ? key->file : key->setting);
	}
	if (json)
		print(stdout, n ? "]\n" : "[]\n");
	return fail_keys(c, err);
}

/* ---- retire */

static enum error
cmd_keys_retire(struct ctx *c, const struct call *call)
{
	const char *id = cli_value(call, "KID"), *err;
	const struct key *keys;
	enum error e;
	size_t n;

	err = keys_load(c->arena);
	keys = keys_all(&n);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(keys[i].id, id) != 0)
			continue;
		e = fail_keys(c, keys_retire(c->arena, &keys[i], cli_value(call, "--now")));
		if (!e)
			print(stdout,
			      "retired the key %s; reload the service (HUP) on every host\n", id);
		return e;
	}
	return fail(c, E_NOT_FOUND, "there is no key %s (`%s keys list` lists them)%s%s", id,
		    PACKAGE, err ? "\n" : "", err ? err : "");
}

const struct subcommand keys_subcommands[] = {
	{ "make [RS256|ES256]", cmd_keys_make, NULL },
	{ "list [--json]", cmd_keys_list, NULL },
	{ "retire KID [--now]", cmd_keys_retire, NULL },
	{ 0 },
};
