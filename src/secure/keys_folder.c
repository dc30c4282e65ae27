/* The folder of keys (JWT_KEYS_DIR), with one file <time>-<kid>.pem for each key. */
#include "keys_priv.h"

#include "app/clock.h"
#include "app/settings.h"

#include <fcntl.h>
#include <sys/stat.h>

static int64_t
now_seconds(void)
{
	return clock_now() / 1000000;
}

/* ---- creating a key */

static const char *
open_folder(struct arena *a, int *fd)
{
	const char *path = settings.jwt_keys_dir;

	if (!*path)
		return "set JWT_KEYS_DIR to the folder of the keys first, such as "
		       "/etc/" PACKAGE "/keys";
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return arena_printf(a, "cannot create the folder %s: %s", path, strerror(errno));

	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd < 0 ? arena_printf(a, "cannot open the folder %s: %s", path, strerror(errno))
		       : NULL;
}

/* If root creates a key, the file gets the owner of the folder, the user of the service. */
static bool
give_to_owner(int folder, int fd)
{
	struct stat info;

	if (geteuid() != 0)
		return true;
	return fstat(folder, &info) == 0 && fchown(fd, info.st_uid, info.st_gid) == 0;
}

/* Writes a temporary file and renames it, so that no process reads an incomplete key. */
static const char *
save_key(struct arena *a, int folder, const char *file, const char *pem)
{
	const char *temporary = arena_printf(a, ".%s", file);
	int fd =
	    openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool good = fd >= 0 && give_to_owner(folder, fd) &&
		    dprintf(fd, "%s", pem) == (int)strlen(pem) && fsync(fd) == 0;
	int error = errno;

	if (fd >= 0)
		close(fd);
	if (good && renameat(folder, temporary, folder, file) == 0 && fsync(folder) == 0)
		return NULL;
	if (good)
		error = errno;
	if (fd >= 0)
		unlinkat(folder, temporary, 0);
	return arena_printf(a, "cannot write %s/%s: %s", settings.jwt_keys_dir, file,
			    strerror(error));
}

const char *
keys_create(struct arena *a, const char *algorithm, struct key *out)
{
	const char *err, *pem;
	struct pkey *pkey;
	struct tm parts;
	char created[32];
	int folder = -1;

	err = open_folder(a, &folder);
	if (err)
		return err;

	*out = (struct key) { .setting = "JWT_KEYS_DIR", .created = now_seconds() };
	gmtime_r(&(time_t) { out->created }, &parts);
	strftime(created, sizeof(created), "%Y%m%dT%H%M%SZ", &parts);
	pkey = pkey_generate(algorithm);
	pem = pkey ? pkey_pem(a, pkey) : NULL;
	if (pem) {
		key_set_id(a, pkey, out->id);
		out->algorithm = pkey_algorithm(pkey);
		snprintf(out->file, sizeof(out->file), "%s-%s.pem", created, out->id);
		err = save_key(a, folder, out->file, pem);
	} else {
		err = "OpenSSL could not generate a key";
	}
	pkey_free(pkey);
	close(folder);
	return err;
}

/* ---- retiring a key */

/* When the last token of the previous keys expires: they signed until the current key started to. */
static int64_t
last_token_expires(const struct key *signs)
{
	return key_signs_from(signs) + settings.access_token_expire_minutes * 60 +
	       settings.clock_skew_seconds;
}

/* Returns NULL, or why the key is still needed. */
static const char *
still_needed(struct arena *a, const struct key *key, bool at_once)
{
	const struct key *keys, *signs = keys_signing();
	bool another = false, never_signed = key_signs_from(key) > now_seconds() && key != signs;
	size_t n;

	keys = keys_all(&n);
	for (size_t i = 0; i < n; i++)
		another |= &keys[i] != key && strcmp(keys[i].algorithm, key->algorithm) == 0 &&
			   key_is_private(&keys[i]);
	if (key == signs && !another)
		return arena_printf(a,
				    "no other key signs %s: create one first (`%s keys make %s`)",
				    key->algorithm, PACKAGE, key->algorithm);
	if (at_once || never_signed)
		return NULL;
	if (key == signs)
		return "it is the current signing key, until a newer key has been published long "
		       "enough; use --now to retire it nevertheless";
	if (signs && now_seconds() < last_token_expires(signs))
		return arena_printf(a,
				    "tokens that it signed are valid for %" PRId64
				    " more seconds; use "
				    "--now to retire it nevertheless; clients then refresh them",
				    last_token_expires(signs) - now_seconds());
	return NULL;
}

const char *
keys_retire(struct arena *a, const struct key *key, bool at_once)
{
	const char *err, *path;

	if (!*key->file)
		return arena_printf(a, "it comes from %s: change that setting instead",
				    key->setting);
	err = still_needed(a, key, at_once);
	if (err)
		return err;

	path = arena_printf(a, "%s/%s", settings.jwt_keys_dir, key->file);
	return unlink(path) == 0 ? NULL
				 : arena_printf(a, "cannot remove %s: %s", path, strerror(errno));
}
