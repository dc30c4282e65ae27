/*
 * Accounts by e-mail: proving that an address is one's own, and getting back in without the
 * password. The only recovery header that another feature may include.
 *
 * Each needs a token from a mail: 256 random bits, stored as a hash, good for one use, for
 * one account, one purpose and one address. Nothing is done by opening a link (a GET): mail
 * scanners do that.
 */
#ifndef APP_RECOVERY_H
#define APP_RECOVERY_H

#include "app/feature.h"

extern const struct feature recovery_feature;

/* Whether REQUIRE_VERIFIED_EMAIL says that an address must be proved before it is used. */
bool email_verification_required(void);

/* The e-mails of four actions; call them in the transaction of the action. A new account must
 * verify its address. A requested address takes effect once it is verified: the present address
 * is notified now, and again when the change is done. A changed address: the old one is
 * notified; call it before the change. A new password: the account is notified if the settings
 * say how to send e-mail. An address that was not verified, which may be a stranger's, gets no
 * notice. */
enum error recovery_greet(struct ctx *, const char *user_id, const char *email) MUST_CHECK;
enum error recovery_change_email(struct ctx *, const char *user_id, const char *to) MUST_CHECK;
enum error recovery_email_changed(struct ctx *, const char *user_id, const char *to) MUST_CHECK;
enum error recovery_password_changed(struct ctx *, const char *user_id) MUST_CHECK;

/* Notifies the owner of a verified address of an attempt to register it again. If the address is not
 * verified, either registrant may be a stranger to it: no password of theirs is valid any more, and
 * the owner sets one by e-mail after the verification, which is sent again. An account that was
 * used, or whose role is more than member, keeps its password. */
enum error recovery_already_registered(struct ctx *, const char *email,
				       const char *full_name) MUST_CHECK;

#endif
