/*
 * Verification of e-mail addresses, and password reset by e-mail. The public header of this
 * feature.
 *
 * Both need a token from an e-mail: 256 random bits, stored as a hash, valid for one use, account,
 * purpose and address. Opening a link (a GET) changes nothing, because mail scanners open links.
 */
#ifndef APP_RECOVERY_H
#define APP_RECOVERY_H

#include "app/feature.h"

extern const struct feature recovery_feature;

/* Whether an account must verify its address before it can sign in (REQUIRE_VERIFIED_EMAIL). */
bool email_verification_required(void);

/* Send the e-mails of an action; call them in its transaction. Only verified addresses are
 * notified, since others may belong to a stranger.
 * - recovery_greet(): asks a new account to verify its address.
 * - recovery_change_email(): sends a token to the requested address, which takes effect once it is
 *   verified, and notifies the current one.
 * - recovery_email_changed(): notifies the old address. Call it before the change.
 * - recovery_password_changed(): notifies the account if mail_enabled(). */
enum error recovery_greet(struct ctx *, const char *user_id, const char *email) MUST_CHECK;
enum error recovery_change_email(struct ctx *, const char *user_id, const char *to) MUST_CHECK;
enum error recovery_email_changed(struct ctx *, const char *user_id, const char *to) MUST_CHECK;
enum error recovery_password_changed(struct ctx *, const char *user_id) MUST_CHECK;

/* Handles an attempt to register an address again. A verified address is notified. An unverified
 * one may not belong to either registrant: the account loses its password, unless it was used or
 * its role is not member, and the verification is sent again. The owner of the address then
 * sets a password by e-mail. */
enum error recovery_already_registered(struct ctx *, const char *email,
				       const char *full_name) MUST_CHECK;

#endif
