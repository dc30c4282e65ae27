/*
 * The keys for access tokens: the one that signs, those that verify, and the folder (JWT_KEYS_DIR)
 * that the command `keys` manages. Each process reads them once.
 */
#ifndef APP_KEYS_H
#define APP_KEYS_H

#include "app/buf.h"

enum { KEY_ID_SIZE = 44, KEY_FILE_SIZE = 256, KEYS_MAX = 32 };

/* How long a key of the folder is published before it signs: the maximum age of cached copies of
 * /.well-known/jwks.json. */
enum { KEY_PUBLISH_SECONDS = 600 };

/* The algorithm of JWT_SECRET_KEY and JWT_PREVIOUS_SECRET_KEY. */
#define KEY_SECRET_ALGORITHM "HS256"

struct pkey;

struct key {
	char id[KEY_ID_SIZE]; /* kid: the thumbprint of a public key (RFC 7638), or a digest */
	const char
	    *algorithm; /* the only one that the key is valid for: "HS256", "RS256" or "ES256" */
	const char *setting;      /* the setting that the key comes from */
	char file[KEY_FILE_SIZE]; /* file name in JWT_KEYS_DIR, else "" */
	int64_t created;          /* from the file name, in seconds since 1970; 0: unknown */
	const char *secret;       /* HS256: the value of the setting */
	struct pkey *pkey;        /* RS256, ES256 */
};

/* Reads the keys of the settings. Returns NULL, or one line for each invalid key with its setting
 * and what to do; valid keys are loaded nevertheless. Until then, there are no keys. */
const char *keys_load(struct arena *) MUST_CHECK;

/* All keys. */
const struct key *keys_all(size_t *n);

/* The key that signs now, or NULL. */
const struct key *keys_signing(void);

/* The key with this id (NULL: the key that signs), or NULL if there is none for the algorithm. */
const struct key *keys_find(const char *algorithm, const char *id);

/* Appends the signature of the text in base64url. False if signing fails. */
bool key_sign(const struct key *, struct buf *out, const char *text, size_t len) MUST_CHECK;

bool key_verify(const struct key *, const char *text, size_t len, const void *signature,
		size_t signature_len) MUST_CHECK;

/* Whether the key can sign: a secret or a private key. */
bool key_is_private(const struct key *);

/* The time from which the key signs unless a newer one does, in seconds since 1970. */
int64_t key_signs_from(const struct key *);

/* Appends the JSON Web Key Set (RFC 7517) of the public keys, without any secret part. */
void keys_write(struct buf *);

/* Creates a private key for "RS256" or "ES256" in JWT_KEYS_DIR, readable only by the owner of the
 * folder. Returns NULL or an error message. */
const char *keys_create(struct arena *, const char *algorithm, struct key *out) MUST_CHECK;

/* Removes the file of a key. Unless `at_once` is set, refuses while tokens signed with it may be
 * valid. Returns NULL or an error message. */
const char *keys_retire(struct arena *, const struct key *, bool at_once) MUST_CHECK;

#endif
