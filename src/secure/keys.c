/* Loads the keys of access tokens that the settings name. */
#include "keys_priv.h"

#include "app/clock.h"
#include "app/log.h"
#include "app/secret.h"
#include "app/settings.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { SECRET_MIN = 32, PEM_MAX = 64 * 1024, LOAD_MAX = 16 * 1024 * 1024 };

static struct key ring[KEYS_MAX];
static size_t nkeys;
static const struct key *signer; /* NULL: a key of the folder signs */
static bool loaded;

/* The state of keys_load(). */
struct key_loader {
	struct arena *arena; /* freed at the end */
	struct buf errors;   /* one line for each invalid key */
};

static void PRINTF_LIKE(2, 3) report_key(struct key_loader *l, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_printf(&l->errors, "%s\n", arena_vprintf(l->arena, format, args));
	va_end(args);
}

/* ---- one key */

static unsigned
hmac_bits(const char *algorithm)
{
	return (unsigned)strtoul(algorithm + strlen("HS"), NULL, 10);
}

static bool
is_hmac(const char *algorithm)
{
	return strncmp(algorithm, "HS", 2) == 0;
}

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
	size_t size;

	if (key->secret)
		size = hmac_sha2(hmac_bits(key->algorithm), key->secret, strlen(key->secret), text,
				 len, bytes);
	else
		size = pkey_sign(key->pkey, text, len, bytes);
	buf_base64url(out, bytes, size);
	return size > 0 && !out->failed;
}

bool
key_verify(const struct key *key, const char *text, size_t len, const void *signature,
	   size_t signature_len)
{
	unsigned char mac[HMAC_SIZE_MAX];
	size_t size;

	if (!key->secret)
		return pkey_verify(key->pkey, text, len, signature, signature_len);

	size =
	    hmac_sha2(hmac_bits(key->algorithm), key->secret, strlen(key->secret), text, len, mac);
	return size == signature_len && secret_equal(mac, signature, size);
}

/* ---- key ids */

void
key_set_id(struct arena *a, const struct pkey *pkey, char id[KEY_ID_SIZE])
{
	struct buf members = buf_new(a, 8192), text = buf_new(a, KEY_ID_SIZE);
	unsigned char digest[SHA256_SIZE];

	pkey_write(&members, pkey);
	sha256(members.data, members.len, digest);
	buf_base64url(&text, digest, sizeof(digest));
	snprintf(id, KEY_ID_SIZE, "%s", text.data);
}

/* The id of a secret is part of a MAC made with it, so it reveals no more than a token. */
static void
set_secret_id(struct key_loader *l, struct key *key)
{
	const char *purpose = arena_printf(l->arena, "kid %s", key->algorithm);
	struct buf id = buf_new(l->arena, KEY_ID_SIZE);
	unsigned char mac[HMAC_SIZE_MAX];

	hmac_sha2(256, key->secret, strlen(key->secret), purpose, strlen(purpose), mac);
	buf_base64url(&id, mac, 12);
	snprintf(key->id, sizeof(key->id), "%s", id.data);
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
		report_key(l, "%s: more than %d keys: retire old ones", key->setting, KEYS_MAX);
		pkey_free(key->pkey);
		return NULL;
	}
	ring[nkeys] = *key;
	return &ring[nkeys++];
}

static const struct key *
add_secret(struct key_loader *l, const char *setting, const char *secret, const char *algorithm)
{
	struct key key = { .setting = setting, .secret = secret, .algorithm = algorithm };

	if (strlen(secret) < SECRET_MIN) {
		report_key(l, "%s: must have at least %d bytes: openssl rand -hex 32", setting,
			   SECRET_MIN);
		return NULL;
	}
	set_secret_id(l, &key);
	return add_key(l, &key);
}

/* The content of the file, or NULL and *err. */
static char *
read_pem(struct key_loader *l, int fd, size_t *len, const char **err)
{
	char *text = arena_alloc(l->arena, PEM_MAX + 1);
	ssize_t got;

	*len = 0;
	do {
		got = read(fd, text + *len, PEM_MAX - *len);
		*len += got > 0 ? (size_t)got : 0;
	} while (got > 0 && *len < PEM_MAX);
	if (got < 0)
		*err = arena_printf(l->arena, "cannot be read: %s", strerror(errno));
	return got < 0 ? NULL : text;
}

static struct pkey *
read_key_file(struct key_loader *l, int fd, const char *path, const char **err)
{
	struct pkey *pkey;
	struct stat info;
	size_t len;
	char *pem;

	*err = "is not a regular file";
	if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
		return NULL;

	pem = read_pem(l, fd, &len, err);
	if (!pem)
		return NULL;

	pkey = pkey_read(pem, len, err);
	explicit_bzero(pem, len);
	if (!pkey || !pkey_is_private(pkey) || !(info.st_mode & 07))
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
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct tm created = { 0 };

	if (fd < 0) {
		report_key(l, "%s: cannot open %s: %s", setting, path, strerror(errno));
		return NULL;
	}
	key.pkey = read_key_file(l, fd, path, &err);
	close(fd);
	if (!key.pkey) {
		report_key(l, "%s: %s %s", setting, path, err);
		return NULL;
	}

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
	struct dirent **entries;
	int n = scandir(settings.jwt_keys_dir, &entries, is_key_file, by_name);

	if (n < 0) {
		report_key(l, "JWT_KEYS_DIR: cannot read %s: %s: `%s keys make` creates it",
			   settings.jwt_keys_dir, strerror(errno), PACKAGE);
		return;
	}
	for (int i = 0; i < n; i++) {
		const char *file = entries[i]->d_name;

		add_file(l, "JWT_KEYS_DIR",
			 arena_printf(l->arena, "%s/%s", settings.jwt_keys_dir, file), file);
		free(entries[i]);
	}
	free(entries);
}

/* Adds the previous keys, whose tokens are still valid. */
static void
add_previous(struct key_loader *l)
{
	const char *algorithm = settings.jwt_previous_algorithm;

	if (*settings.jwt_previous_public_key_file)
		add_file(l, "JWT_PREVIOUS_PUBLIC_KEY_FILE", settings.jwt_previous_public_key_file,
			 "");
	if (!*settings.jwt_previous_secret_key)
		return;
	if (strcmp(algorithm, "same") == 0)
		algorithm = settings.jwt_algorithm;
	if (is_hmac(algorithm))
		add_secret(l, "JWT_PREVIOUS_SECRET_KEY", settings.jwt_previous_secret_key,
			   algorithm);
	else
		report_key(
		    l,
		    "JWT_PREVIOUS_ALGORITHM: must be the algorithm of "
		    "JWT_PREVIOUS_SECRET_KEY (HS256, HS384 or HS512), since JWT_ALGORITHM is %s",
		    settings.jwt_algorithm);
}

/* Adds the key that signs, unless it is in the folder. */
static void
add_signer(struct key_loader *l)
{
	const char *algorithm = settings.jwt_algorithm, *path = settings.jwt_private_key_file;
	const struct key *file = *path ? add_file(l, "JWT_PRIVATE_KEY_FILE", path, "") : NULL;

	if (is_hmac(algorithm))
		signer = add_secret(l, "JWT_SECRET_KEY", settings.jwt_secret_key, algorithm);
	else if (file && strcmp(file->algorithm, algorithm) != 0)
		report_key(l, "JWT_PRIVATE_KEY_FILE: %s is a key for %s, but JWT_ALGORITHM is %s",
			   path, file->algorithm, algorithm);
	else if (file && !key_is_private(file))
		report_key(l, "JWT_PRIVATE_KEY_FILE: %s is a public key: use the private key",
			   path);
	else
		signer = file;
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
	loaded = true;
	add_signer(&l);
	if (*settings.jwt_keys_dir)
		add_folder(&l);
	add_previous(&l);
	if (l.errors.len == 0 && !keys_signing())
		report_key(
		    &l,
		    "JWT_ALGORITHM=%s: needs a private key: set JWT_PRIVATE_KEY_FILE, or set "
		    "JWT_KEYS_DIR and run `%s keys make %s`",
		    settings.jwt_algorithm, PACKAGE, settings.jwt_algorithm);
	arena_free(l.arena);
	return l.errors.len ? l.errors.data : NULL;
}

static void
load_once(void)
{
	struct arena *a;
	const char *err;

	if (loaded)
		return;

	a = arena_new(1024 * 1024);
	err = keys_load(a);
	if (err)
		log_error(NULL, "keys: %s", err);
	arena_free(a);
}

/* ---- lookup */

const struct key *
keys_all(size_t *n)
{
	load_once();
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
	load_once();
	return signer || is_hmac(settings.jwt_algorithm) ? signer : newest_valid();
}

const struct key *
keys_find(const char *algorithm, const char *id)
{
	const struct key *key = id ? NULL : keys_signing();

	load_once();
	for (size_t i = 0; id && i < nkeys && !key; i++) {
		if (strcmp(ring[i].id, id) == 0)
			key = &ring[i];
	}
	return key && strcmp(key->algorithm, algorithm) == 0 ? key : NULL;
}

void
keys_write(struct buf *b)
{
	load_once();
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
