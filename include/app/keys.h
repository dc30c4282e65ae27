/*
 * The keys of the access tokens: which one signs, which ones still verify, and the
 * folder (JWT_KEYS_DIR) that the command `keys` looks after. Read once a process.
 */
#ifndef APP_KEYS_H
#define APP_KEYS_H

#include "app/buf.h"

enum { KEY_ID_SIZE = 44, KEY_FILE_SIZE = 256, KEYS_MAX = 32 };

/* A key of the folder is published for so long before it signs: as long as others may
 * keep what /.well-known/jwks.json said. */
enum { KEY_PUBLISH_SECONDS = 600 };

struct pkey;

struct key {
	char id[KEY_ID_SIZE];     /* kid: of a public key by RFC 7638, of a secret a digest */
	const char *algorithm;    /* the only one it is good for: "HS256" … "ES256" */
	const char *setting;      /* that gave it */
	char file[KEY_FILE_SIZE]; /* its name in JWT_KEYS_DIR, else "" */
	int64_t made;             /* by that name, in seconds since 1970; 0: not known */
	const char *secret;       /* HS: a setting's value */
	struct pkey *pkey;        /* RS, ES */
};

/* Reads what the settings name. Returns NULL, or a text with one line for each bad one,
 * naming the setting and the hint; good ones are there even so. Without it the first use
 * reads them, and a bad one is only logged. */
const char *keys_load(struct arena *) MUST_CHECK;

/* All of them. */
const struct key *keys_all(size_t *n);

/* The one that signs now, or NULL. */
const struct key *keys_signing(void);

/* The one with that id, for NULL the one that signs; NULL where there is none, or where
 * it is not for that algorithm. */
const struct key *keys_find(const char *algorithm, const char *id);

/* Appends the signature of the text in base64url. */
bool key_sign(const struct key *, struct buf *out, const char *text, size_t len) MUST_CHECK;

bool key_verify(const struct key *, const char *text, size_t len, const void *signature,
		size_t signature_len) MUST_CHECK;

/* Whether it can sign: it is more than a public key. */
bool key_private(const struct key *);

/* When it begins to sign, if nothing newer does: seconds since 1970. */
int64_t key_begins(const struct key *);

/* Appends the JSON Web Key Set (RFC 7517) of the public keys. No secret gets there. */
void keys_write(struct buf *);

/* A new private key in JWT_KEYS_DIR, readable by the folder's owner alone, for "RS256"
 * or "ES256". Returns NULL, or what went wrong, for a person. */
const char *keys_make(struct arena *, const char *algorithm, struct key *out) MUST_CHECK;

/* Removes a key's file; `at_once` also where tokens by it are still good. Returns NULL,
 * or why not, for a person. */
const char *keys_retire(struct arena *, const struct key *, bool at_once) MUST_CHECK;

#endif
