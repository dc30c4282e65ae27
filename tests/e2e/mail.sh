#!/usr/bin/env bash
# Accounts by e-mail, with the job worker that sends the e-mails: into a folder, then to a mail
# server that is unavailable at first.
. "$(dirname "$0")/lib.sh"
export MAIL_TEMPLATES=$TOP/deploy/mail MAIL_DIR=$site/mail MAIL_FROM=noreply@example.com
export REQUIRE_VERIFIED_EMAIL=yes APP_URL=https://app.example.com
trap 'work_stop "$site"' EXIT
site_start AUTH_LOGIN_RATE_LIMIT=off
trap 'work_stop "$site"; site_end' EXIT
mkdir -p "$MAIL_DIR"
work_start "$site" || fail_all "the job worker does not start"

json=(-H 'Content-Type: application/json')
post() { ask POST "/api/v1$1" "${json[@]}" -d "$2"; }

# mail_to ADDRESS SUBJECT: waits for it; sets `mail`.
is_there() { mail=$(grep -lr "^To: <$1>" "$MAIL_DIR" --include='*.eml' | xargs -r grep -l "^Subject: $2"); [[ -n $mail ]]; }
mail_to() {
	if wait_until 20 is_there "$@"; then ok "a mail to $1: $2"; else not_ok "a mail to $1: $2" "$(ls -l "$MAIL_DIR")"; fi
	mail=${mail%%$'\n'*}
}
token_of() { sed -n 's|^https://app.example.com/[a-z-]*#token=\([A-Za-z0-9_-]*\).*|\1|p' "$1" | tr -d '\r'; }

# Registration: the address is verified first.
ada='{"email":"Ada@Example.com","password":"an honest password"}'
post /auth/register "$ada"
is "registering" "$status" 201
first=$body
post /auth/login "$ada"
is_problem "no sign-in before the address is verified" 401 invalid_credentials
mail_to Ada@Example.com Confirm
verify=$(token_of "$mail")
is "the token is in the fragment, which access logs do not contain" "$([[ -n $verify ]] && echo yes)" yes
ask GET "/api/v1/auth/verify-email?token=$verify"
is "opening the link has no effect" "$status" 405
post /auth/verify-email '{"token":"nonsense"}'
is_problem "a made-up token" 401 invalid_token
post /auth/reset-password "{\"token\":\"$verify\",\"new_password\":\"another password\"}"
is_problem "a token is good for its purpose alone" 401 invalid_token
post /auth/verify-email "{\"token\":\"$verify\"}"
is "the token verifies the address" "$status" 204
post /auth/verify-email "{\"token\":\"$verify\"}"
is_problem "once" 401 invalid_token
post /auth/login "$ada"
is "then the password signs in" "$status" 200
access=$(member access_token)

# A taken address: the response is the same; an e-mail notifies the owner.
post /auth/register '{"email":"ada@example.COM","password":"an honest password"}'
is "a taken address gets the same response" "$status" 201
is "with the same members" "$(tr -cd '",:a-z_' <<<"$body" | wc -w)" "$(tr -cd '",:a-z_' <<<"$first" | wc -w)"
mail_to Ada@Example.com 'You have an account'

# A forgotten password.
post /auth/forgot-password '{"email":"nobody@example.com"}'
is "an unknown address" "$status$body" 204
post /auth/forgot-password '{"email":"ada@example.com"}'
is "a known address gets the same response" "$status$body" 204
mail_to Ada@Example.com 'A new password'
reset=$(token_of "$mail")
post /auth/reset-password "{\"token\":\"$reset\",\"new_password\":\"short\"}"
is "an invalid password does not use up the token" "$status" 422
post /auth/reset-password "{\"token\":\"$reset\",\"new_password\":\"another good password\"}"
is "a new password" "$status" 204
post /auth/reset-password "{\"token\":\"$reset\",\"new_password\":\"a third good password\"}"
is_problem "only one" 401 invalid_token
mail_to Ada@Example.com 'Your password'
ask GET /api/v1/users/me -H "Authorization: Bearer $access"
is_problem "every session has ended" 401 invalid_token
post /auth/login "$ada"
is_problem "the old password" 401 invalid_credentials
post /auth/login '{"email":"ada@example.com","password":"another good password"}'
is "the new password" "$status" 200
access=$(member access_token)

# A changed password: the owner is notified.
rm "$MAIL_DIR"/*.eml
ask POST /api/v1/users/me/change-password "${json[@]}" -H "Authorization: Bearer $access" \
	-d '{"current_password":"another good password","new_password":"a fourth good password"}'
is "a password changed by its owner" "$status" 204
mail_to Ada@Example.com 'Your password'
ask POST /api/v1/users/me/change-password "${json[@]}" -H "Authorization: Bearer $access" \
	-d '{"current_password":"a fourth good password","new_password":"another good password"}'
is "the password is changed back" "$status" 204

# A new password cancels a change of address requested with a stolen session.
ask PATCH /api/v1/users/me "${json[@]}" -H "Authorization: Bearer $access" \
	-d '{"email":"thief@example.com","current_password":"another good password"}'
is "an attacker requests a change of address" "$status" 200
mail_to thief@example.com 'Confirm your new'
stolen=$(token_of "$mail")
mail_to Ada@Example.com 'A new e-mail address for .* was requested'
rm "$MAIL_DIR"/*.eml
ask POST /api/v1/users/me/change-password "${json[@]}" -H "Authorization: Bearer $access" \
	-d '{"current_password":"another good password","new_password":"a fifth good password"}'
is "the owner changes the password" "$status" 204
post /auth/verify-email "{\"token\":\"$stolen\"}"
is_problem "and the thief's link is void" 401 invalid_token

# A changed address: the new one is verified, and the old one notified.
ask PATCH /api/v1/users/me "${json[@]}" -H "Authorization: Bearer $access" \
	-d '{"email":"countess@example.com","current_password":"a fifth good password"}'
is "requesting a change of address" "$status" 200
is "the old address stays until it is verified" "$(member email)" Ada@Example.com
mail_to Ada@Example.com 'A new e-mail address for .* was requested'
mail_to countess@example.com 'Confirm your new'
post /auth/verify-email "{\"token\":\"$(token_of "$mail")\"}"
is "verifying the new address" "$status" 204
ask GET /api/v1/users/me -H "Authorization: Bearer $access"
is "the new address replaces the old one" "$(member email)" countess@example.com
mail_to Ada@Example.com 'Your e-mail address for .* was changed'

# No token is stored where others can read it.
rows=$(psql -XAtd "$DATABASE_URL" -c "SELECT count(*) FROM mails WHERE body IS NOT NULL")
is "no row keeps the text of a sent mail" "$rows" 0
is "no token in a log" "$(grep -l -e "$verify" -e "$reset" "$site"/log/*.log || true)" ""

# A mail server that is unavailable at first, then accepts.
work_stop "$site"
free_port
export SMTP_URL=smtp://127.0.0.1:$port
work_start "$site" || fail_all "the job worker does not start again"
post /auth/resend-verification '{"email":"countess@example.com"}'
is "the address needs no verification" "$status" 204
post /auth/register '{"email":"bob@example.com","password":"an honest password"}'
is "registering while the mail server is down" "$status" 201
failed_once() {
	[[ $(psql -XAtd "$DATABASE_URL" -c "SELECT count(*) FROM jobs WHERE kind = 'send_mail' AND attempts > 0 AND status <> 'succeeded'") == 1 ]]
}
if wait_until 20 failed_once; then ok "the mail is retried later"; else not_ok "the mail is retried later"; fi
make_program -s tests/e2e/smtp_sink >>"$log" 2>&1
sink_start() { # FILE
	"$BUILD/tests/e2e/smtp_sink" "$port" >"$1" &
	sink=$!
	psql -Xqd "$DATABASE_URL" -c "UPDATE jobs SET run_at = now() WHERE kind = 'send_mail' AND status <> 'succeeded'"
}

# Mail is only sent encrypted unless SMTP_TLS=off.
sink_start "$site/clear"
if wait_until 30 is_dead "$sink"; then ok "the client disconnects from a server without STARTTLS"; else not_ok "the client disconnects from a server without STARTTLS"; fi
matches "after its greeting" "$(cat "$site/clear")" '^EHLO '
is "it gets no address and no text of the mail" "$(grep -cE '^(MAIL|RCPT|DATA|AUTH)' "$site/clear")" 0
names_starttls() { [[ $(psql -XAtd "$DATABASE_URL" -c "SELECT error FROM jobs WHERE kind = 'send_mail' AND status <> 'succeeded'") == *'no STARTTLS'*SMTP_TLS=off* ]]; }
if wait_until 20 names_starttls; then ok "the job reports the reason"; else not_ok "the job reports the reason"; fi
work_stop "$site"
export SMTP_TLS=off
work_start "$site" || fail_all "the job worker does not start a third time"
sink_start "$site/smtp"
taken() { grep -q '^\.' "$site/smtp"; }
if wait_until 30 taken; then ok "the mail is sent when the server is up"; else not_ok "the mail is sent when the server is up"; fi
kill "$sink" 2>/dev/null || true
wait "$sink" || true
matches "the recipient" "$(cat "$site/smtp")" '^RCPT TO:<bob@example.com>'
matches "the sender from the settings" "$(cat "$site/smtp")" '^MAIL FROM:<noreply@example.com>'
