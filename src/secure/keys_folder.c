/* The folder of keys (JWT_KEYS_DIR): a file a key, <time>-<kid>.pem. */
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

/* ---- making one */

static const char *
open_folder(struct arena *a, int *fd)
{
	const char *path = settings.jwt_keys_dir;

	if (!*path)
		return "set JWT_KEYS_DIR to the folder of the keys first, such as "
		       "/etc/" PACKAGE "/keys";
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return arena_printf(a, "cannot make the folder %s: %s", path, strerror(errno));

	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd < 0 ? arena_printf(a, "cannot open the folder %s: %s", path, strerror(errno))
		       : NULL;
}

/* The file belongs to whom the folder belongs: root makes keys for the service's user. */
static bool
give_to_owner(int folder, int fd)
{
	struct stat info;

	if (geteuid() != 0)
		return true;
	return fstat(folder, &info) == 0 && fchown(fd, info.st_uid, info.st_gid) == 0;
}

static bool
write_all(int fd, const char *text)
{
	size_t len = strlen(text);
	ssize_t n;

	for (; len > 0; text += n, len -= (size_t)n) {
		n = write(fd, text, len);
		if (n <= 0)
			return false;
	}
	return fsync(fd) == 0;
}

/* Under another name first, so that nobody reads half a key. */
static const char *
save(struct arena *a, int folder, const char *file, const char *pem)
{
	const char *draft = arena_printf(a, ".%s", file);
	int fd = openat(folder, draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool good = fd >= 0 && give_to_owner(folder, fd) && write_all(fd, pem);
	int problem = errno;

	if (fd >= 0)
		close(fd);
	if (good && renameat(folder, draft, folder, file) == 0 && fsync(folder) == 0)
		return NULL;
	if (good)
		problem = errno;
	if (fd >= 0)
		unlinkat(folder, draft, 0);
	return arena_printf(a, "cannot write %s/%s: %s", settings.jwt_keys_dir, file,
			    strerror(problem));
}

const char *
keys_make(struct arena *a, const char *algorithm, struct key *out)
{
	const char *wrong, *pem;
	struct pkey *pkey;
	struct tm parts;
	char made[32];
	int folder = -1;

	wrong = open_folder(a, &folder);
	if (wrong)
		return wrong;

	*out = (struct key) { .setting = "JWT_KEYS_DIR", .made = now_seconds() };
	gmtime_r(&(time_t) { out->made }, &parts);
	strftime(made, sizeof(made), "%Y%m%dT%H%M%SZ", &parts);
	pkey = pkey_make(algorithm);
	pem = pkey ? pkey_pem(a, pkey) : NULL;
	if (pem) {
		key_name(a, pkey, out->id);
		out->algorithm = pkey_algorithm(pkey);
		snprintf(out->file, sizeof(out->file), "%s-%s.pem", made, out->id);
		wrong = save(a, folder, out->file, pem);
	} else {
		wrong = "OpenSSL could not make a key";
	}
	pkey_free(pkey);
	close(folder);
	return wrong;
}

/* ---- retiring one */

/* Until when tokens by it may be good, as far as that is known: it signed until the one
 * that signs now began to. */
static int64_t
last_token_ends(const struct key *signs)
{
	return key_begins(signs) + settings.access_token_expire_minutes * 60 +
	       settings.clock_skew_seconds;
}

/* Why it is still needed, or NULL. */
static const char *
still_needed(struct arena *a, const struct key *key, bool at_once)
{
	const struct key *keys, *signs = keys_signing();
	bool another = false, never_signed = key_begins(key) > now_seconds() && key != signs;
	size_t n;

	keys = keys_all(&n);
	for (size_t i = 0; i < n; i++)
		another |= &keys[i] != key && strcmp(keys[i].algorithm, key->algorithm) == 0 &&
			   key_private(&keys[i]);
	if (key == signs && !another)
		return arena_printf(a, "no other key signs %s: make one first (`%s keys make %s`)",
				    key->algorithm, PACKAGE, key->algorithm);
	if (at_once || never_signed)
		return NULL;
	if (key == signs)
		return "it signs tokens now, and a newer key takes over only when others had the "
		       "time to learn of it; --now retires it all the same";
	if (signs && now_seconds() < last_token_ends(signs))
		return arena_printf(a,
				    "tokens that it signed are good for %" PRId64 " seconds more; "
				    "--now retires it all the same, and their owners refresh them",
				    last_token_ends(signs) - now_seconds());
	return NULL;
}

const char *
keys_retire(struct arena *a, const struct key *key, bool at_once)
{
	const char *wrong, *path;

	if (!*key->file)
		return arena_printf(a, "it comes from %s: change that setting instead",
				    key->setting);
	wrong = still_needed(a, key, at_once);
	if (wrong)
		return wrong;

	path = arena_printf(a, "%s/%s", settings.jwt_keys_dir, key->file);
	return unlink(path) == 0 ? NULL
				 : arena_printf(a, "cannot remove %s: %s", path, strerror(errno));
}
