/* Loads the keys of access tokens that the settings name. */
#include "keys_priv.h"

#include "app/clock.h"
#include "app/file.h"
#include "app/secret.h"
#include "app/settings.h"

#include <dirent.h>
#include <sys/stat.h>

enum { SECRET_MIN = 32, LOAD_MAX = 16 * 1024 * 1024 };

static struct key ring[KEYS_MAX];
static size_t nkeys;
static const struct key *signer; /* NULL: a key of the folder signs */

/* The state of keys_load(). */
struct key_loader {
	struct arena *arena; /* freed at the end */
	struct buf errors;   /* one line for each invalid key */
};

/* Returns NULL. */
static const struct key *PRINTF_LIKE(2, 3) reject_key(struct key_loader *l, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_printf(&l->errors, "%s\n", arena_vprintf(l->arena, format, args));
	va_end(args);
	return NULL;
}

static bool
secret_signs(void)
{
	return strcmp(settings.jwt_algorithm, KEY_SECRET_ALGORITHM) == 0;
}

/* ---- one key */

bool
key_is_private(const struct key *key)
{
	return key->secret || pkey_is_private(key->pkey);
}

int64_t
key_signs_from(const struct key *key)
{
	return key->created ? key->created + KEY_PUBLISH_SECONDS : 0;
}

bool
key_sign(const struct key *key, struct buf *out, const char *text, size_t len)
{
	unsigned char bytes[PKEY_SIGNATURE_MAX];
	size_t size = SHA256_SIZE;

	if (key->secret)
		hmac_sha256(key->secret, strlen(key->secret), text, len, bytes);
	else
		size = pkey_sign(key->pkey, text, len, bytes);
	buf_base64url(out, bytes, size);
	return size > 0 && !out->failed;
}

bool
key_verify(const struct key *key, const char *text, size_t len, const void *signature,
	   size_t signature_len)
{
	unsigned char mac[SHA256_SIZE];

	if (!key->secret)
		return pkey_verify(key->pkey, text, len, signature, signature_len);

	hmac_sha256(key->secret, strlen(key->secret), text, len, mac);
	return signature_len == sizeof(mac) && secret_equal(mac, signature, sizeof(mac));
}

/* Writes the first `len` bytes of a digest as the id. */
static void
write_id(struct arena *a, const unsigned char digest[SHA256_SIZE], size_t len, char id[KEY_ID_SIZE])
{
	struct buf text = buf_new(a, KEY_ID_SIZE);

	buf_base64url(&text, digest, len);
	snprintf(id, KEY_ID_SIZE, "%s", text.data);
}

void
key_set_id(struct arena *a, const struct pkey *pkey, char id[KEY_ID_SIZE])
{
	struct buf members = buf_new(a, 8192);
	unsigned char digest[SHA256_SIZE];

	pkey_write(&members, pkey);
	sha256(members.data, members.len, digest);
	write_id(a, digest, sizeof(digest), id);
}

/* ---- loading */

/* Adds the key unless the ring has it. Returns the key in the ring; NULL: the ring is full. */
static const struct key *
add_key(struct key_loader *l, const struct key *key)
{
	for (size_t i = 0; i < nkeys; i++) {
		if (strcmp(ring[i].id, key->id) != 0)
			continue;
		pkey_free(key->pkey);
		return &ring[i];
	}
	if (nkeys == KEYS_MAX) {
		pkey_free(key->pkey);
		return reject_key(l, "%s: more than %d keys: retire old ones", key->setting,
				  KEYS_MAX);
	}
	ring[nkeys] = *key;
	return &ring[nkeys++];
}

/* The id of a secret is part of a MAC made with it, so it reveals no more than a token. */
static const struct key *
add_secret(struct key_loader *l, const char *setting, const char *secret)
{
	static const char purpose[] = "kid " KEY_SECRET_ALGORITHM;
	struct key key = { .setting = setting,
			   .secret = secret,
			   .algorithm = KEY_SECRET_ALGORITHM };
	unsigned char mac[SHA256_SIZE];

	if (strlen(secret) < SECRET_MIN)
		return reject_key(l, "%s: must have at least %d bytes: openssl rand -hex 32",
				  setting, SECRET_MIN);

	hmac_sha256(secret, strlen(secret), purpose, strlen(purpose), mac);
	write_id(l->arena, mac, 12, key.id);
	return add_key(l, &key);
}

static struct pkey *
read_key_file(struct key_loader *l, const char *path, const char **err)
{
	struct pkey *pkey;
	struct stat info;
	bool open_to_all;
	char *pem;

	*err = "is not a regular file";
	if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
		return NULL;

	pem = file_read(l->arena, path, &open_to_all);
	if (!pem) {
		*err = arena_printf(l->arena, "cannot be read: %s", strerror(errno));
		return NULL;
	}
	pkey = pkey_read(pem, strlen(pem), err);
	explicit_bzero(pem, strlen(pem));
	if (!pkey || !pkey_is_private(pkey) || !open_to_all)
		return pkey;

	*err = arena_printf(l->arena, "is readable by every user: chmod 0600 %s", path);
	pkey_free(pkey);
	return NULL;
}

/* Adds the key of a file. `file`: its name in the folder of keys, else "". */
static const struct key *
add_file(struct key_loader *l, const char *setting, const char *path, const char *file)
{
	struct key key = { .setting = setting };
	const char *err = NULL;
	struct tm created = { 0 };

	key.pkey = read_key_file(l, path, &err);
	if (!key.pkey)
		return reject_key(l, "%s: %s %s", setting, path, err);

	snprintf(key.file, sizeof(key.file), "%s", file);
	if (strptime(file, "%Y%m%dT%H%M%SZ-", &created))
		key.created = timegm(&created);
	key.algorithm = pkey_algorithm(key.pkey);
	key_set_id(l->arena, key.pkey, key.id);
	return add_key(l, &key);
}

static int
is_key_file(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 4 && len < KEY_FILE_SIZE &&
	       strcmp(entry->d_name + len - 4, ".pem") == 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void
add_folder(struct key_loader *l)
{
	const char *folder = settings.jwt_keys_dir;
	struct dirent **entries;
	int n = scandir(folder, &entries, is_key_file, by_name);

	if (n < 0) {
		reject_key(l, "JWT_KEYS_DIR: cannot read %s: %s: `%s keys make` creates it", folder,
			   strerror(errno), PACKAGE);
		return;
	}
	for (int i = 0; i < n; i++) {
		const char *file = entries[i]->d_name;

		add_file(l, "JWT_KEYS_DIR", arena_printf(l->arena, "%s/%s", folder, file), file);
		free(entries[i]);
	}
	free(entries);
}

/* Adds the key of JWT_PRIVATE_KEY_FILE. Returns it if it can sign. */
static const struct key *
add_private_key(struct key_loader *l)
{
	const char *algorithm = settings.jwt_algorithm, *path = settings.jwt_private_key_file;
	const struct key *key = add_file(l, "JWT_PRIVATE_KEY_FILE", path, "");

	if (!key || secret_signs())
		return NULL;
	if (strcmp(key->algorithm, algorithm) != 0)
		return reject_key(
		    l, "JWT_PRIVATE_KEY_FILE: %s is a key for %s, but JWT_ALGORITHM is %s", path,
		    key->algorithm, algorithm);
	if (!key_is_private(key))
		return reject_key(
		    l, "JWT_PRIVATE_KEY_FILE: %s is a public key: use the private key", path);
	return key;
}

static void
free_all(void)
{
	for (size_t i = 0; i < nkeys; i++)
		pkey_free(ring[i].pkey);
	explicit_bzero(ring, sizeof(ring));
	nkeys = 0;
	signer = NULL;
}

const char *
keys_load(struct arena *a)
{
	struct key_loader l = { .arena = arena_new(LOAD_MAX), .errors = buf_new(a, 64 * 1024) };

	free_all();
	if (*settings.jwt_private_key_file)
		signer = add_private_key(&l);
	if (secret_signs())
		signer = add_secret(&l, "JWT_SECRET_KEY", settings.jwt_secret_key);
	if (*settings.jwt_keys_dir)
		add_folder(&l);
	if (*settings.jwt_previous_secret_key)
		add_secret(&l, "JWT_PREVIOUS_SECRET_KEY", settings.jwt_previous_secret_key);
	if (l.errors.len == 0 && !keys_signing())
		reject_key(
		    &l,
		    "JWT_ALGORITHM=%s: needs a private key: set JWT_PRIVATE_KEY_FILE, or set "
		    "JWT_KEYS_DIR and run `%s keys make %s`",
		    settings.jwt_algorithm, PACKAGE, settings.jwt_algorithm);
	arena_free(l.arena);
	return l.errors.len ? l.errors.data : NULL;
}

/* ---- lookup */

const struct key *
keys_all(size_t *n)
{
	*n = nkeys;
	return ring;
}

/* The newest key of the folder that has been published long enough, or the oldest if none has. They
 * are sorted by file name, which begins with the time. */
static const struct key *
newest_valid(void)
{
	const struct key *best = NULL;
	int64_t now = clock_now() / 1000000;

	for (size_t i = 0; i < nkeys; i++) {
		const struct key *key = &ring[i];

		if (!*key->file || !key_is_private(key) ||
		    strcmp(key->algorithm, settings.jwt_algorithm) != 0)
			continue;
		if (!best || key_signs_from(key) <= now)
			best = key;
	}
	return best;
}

const struct key *
keys_signing(void)
{
	return signer || secret_signs() ? signer : newest_valid();
}

const struct key *
keys_find(const char *algorithm, const char *id)
{
	const struct key *key = id ? NULL : keys_signing();

	for (size_t i = 0; id && i < nkeys && !key; i++) {
		if (strcmp(ring[i].id, id) == 0)
			key = &ring[i];
	}
	return key && strcmp(key->algorithm, algorithm) == 0 ? key : NULL;
}

void
keys_write(struct buf *b)
{
	buf_json(b, "{'keys':[");
	for (size_t i = 0; i < nkeys; i++) {
		struct buf members = buf_new(b->arena, 8192);

		if (!ring[i].pkey)
			continue;
		pkey_write(&members, ring[i].pkey);
		buf_json(b, "{'use':'sig','alg':%s,'kid':%s,", ring[i].algorithm, ring[i].id);
		buf_text(b, members.data + 1);
		buf_char(b, ',');
	}
	buf_json(b, "]}");
}
