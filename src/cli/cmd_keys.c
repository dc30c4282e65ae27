/* keys: makes, lists and retires the keys of the access tokens. */
#include "cli_priv.h"

#include "app/buf.h"
#include "app/clock.h"
#include "app/keys.h"
#include "app/settings.h"

enum { KEYS_ARENA = 16 * 1024 * 1024, LIST_MAX = 64 * 1024 };

static const char *
time_text(struct arena *a, int64_t seconds)
{
	char text[CLOCK_TEXT_SIZE];

	clock_text(seconds * 1000000, text);
	return arena_printf(a, "%.19sZ", text);
}

/* Of several lines, each ends with a newline. */
static int
say(const char *command, const char *wrong)
{
	bool lines = wrong && strchr(wrong, '\n');

	if (wrong)
		fprintf(stderr, "%s %s: %s%s%s", PACKAGE, command, lines ? "\n" : "", wrong,
			lines ? "" : "\n");
	return wrong ? 1 : 0;
}

/* ---- make */

static int
make(struct arena *a, int argc, char **argv)
{
	const char *algorithm = argc > 2 ? argv[2] : settings.jwt_algorithm, *wrong;
	bool first = true;
	struct key key;
	const struct key *keys;
	size_t n;

	if (argc > 3 ||
	    (argc == 3 && strcmp(algorithm, "RS256") != 0 && strcmp(algorithm, "ES256") != 0))
		return cli_usage(argv[0], "make takes RS256, ES256 or nothing");
	if (strncmp(algorithm, "HS", 2) == 0)
		algorithm = "ES256";

	wrong = keys_make(a, algorithm, &key);
	if (wrong)
		return say(argv[0], wrong);

	wrong = keys_load(a); /* NOLINT: of no matter here what other settings lack */
	keys = keys_all(&n);
	for (size_t i = 0; i < n; i++)
		first &= strcmp(keys[i].algorithm, key.algorithm) != 0 ||
			 strcmp(keys[i].id, key.id) == 0;
	printf("made the %s key %s in %s/%s\n", key.algorithm, key.id, settings.jwt_keys_dir,
	       key.file);
	if (first)
		puts("reload the service (HUP), and it can sign");
	else
		printf("reload the service (HUP) on every host: it is published then, and signs "
		       "from %s on\n",
		       time_text(a, key_begins(&key)));
	return 0;
}

/* ---- list */

/* What becomes of a key: "signs", "will sign" (not published for long enough), "verifies". */
static const char *
state_of(const struct key *key)
{
	const struct key *signs = keys_signing();

	if (key == signs)
		return "signs";
	if (*key->file && key_private(key) && signs && *signs->file &&
	    strcmp(key->algorithm, signs->algorithm) == 0 && key_begins(key) > key_begins(signs))
		return "will sign";
	return "verifies";
}

static void
list_json(struct arena *a, const struct key *key, const char *comma)
{
	struct buf b = buf_new(a, LIST_MAX);

	buf_printf(&b, "%s{\"kid\":\"%s\",\"alg\":\"%s\",\"state\":\"%s\",\"made_at\":", comma,
		   key->id, key->algorithm, state_of(key));
	if (key->made)
		buf_json_text(&b, time_text(a, key->made));
	else
		buf_text(&b, "null");
	buf_text(&b, ",\"setting\":");
	buf_json_text(&b, key->setting);
	buf_text(&b, ",\"file\":");
	buf_json_text(&b, key->file);
	printf("%s}", b.data);
}

static int
list(struct arena *a, int argc, char **argv)
{
	bool json = cli_flag(&argc, argv, "--json");
	const char *wrong, *comma = "[";
	const struct key *keys;
	size_t n;

	if (argc > 2)
		return cli_usage(argv[0], "list takes --json or nothing, not %s", argv[2]);

	wrong = keys_load(a);
	keys = keys_all(&n);
	for (size_t i = 0; i < n; i++, comma = ",\n ") {
		const struct key *key = &keys[i];

		if (json)
			list_json(a, key, comma);
		else
			printf("%-43s  %s  %-9s  %-20s  %s\n", key->id, key->algorithm,
			       state_of(key), key->made ? time_text(a, key->made) : "",
			       *key->file ? key->file : key->setting);
	}
	if (json)
		puts(n ? "]" : "[]");
	return say(argv[0], wrong);
}

/* ---- retire */

static int
retire(struct arena *a, int argc, char **argv)
{
	bool now = cli_flag(&argc, argv, "--now");
	const struct key *keys;
	const char *wrong;
	size_t n;

	if (argc != 3)
		return cli_usage(argv[0],
				 "retire takes the id of one key, as `%s keys list` shows "
				 "it",
				 PACKAGE);

	wrong = keys_load(a);
	keys = keys_all(&n);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(keys[i].id, argv[2]) != 0)
			continue;
		if (say(argv[0], keys_retire(a, &keys[i], now)))
			return 1;
		printf("retired the key %s; reload the service (HUP) on every host\n", argv[2]);
		return 0;
	}
	say(argv[0],
	    arena_printf(a, "there is no key %s; `%s keys list` shows them", argv[2], PACKAGE));
	say(argv[0], wrong);
	return 1;
}

int
cmd_keys(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(struct arena *, int argc, char **argv);
	} acts[] = { { "make", make }, { "list", list }, { "retire", retire } };
	struct arena *a;
	int status;

	for (size_t i = 0; argc > 1 && i < COUNT(acts); i++) {
		if (strcmp(argv[1], acts[i].name) != 0)
			continue;
		a = arena_new(KEYS_ARENA);
		status = acts[i].run(a, argc, argv);
		arena_free(a);
		return status;
	}
	return cli_usage(argv[0], "it wants make, list or retire");
}
