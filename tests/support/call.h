/*
 * One request in one line, through the whole pipeline, against a database of the test's own:
 *
 *	TEST_SUITE(lamps);
 *
 *	Test(lamps, can_be_made)
 *	{
 *		struct account ada = make_user(t, .role = "member");
 *		struct test_response a = call(t, "POST", "/api/v1/gizmos", .token = ada.token,
 *				       .json = "{\"title\":\"Lamp\"}");
 *
 *		cr_assert_eq(a.status, 201);
 *		cr_expect_str_eq(response_text(&a, "title"), "Lamp");
 *	}
 *
 * Every answer is held against the conventions of the API before call() returns it
 * (response_check.c); what breaks one fails the test. All that is handed out lives until
 * test_end().
 */
#ifndef TESTS_CALL_H
#define TESTS_CALL_H

#include "app/http.h"

struct test {
	struct arena *arena;
	struct db *db;   /* the application's connection */
	struct ctx *ctx; /* for what a test does beside it, on the same connection */
};

/* Takes a database (support/testdb.h), and settings under which tests are fast. test_end()
 * ends the one that began. */
struct test *test_begin(void);
void test_end(void);

/* A suite whose tests have `t` and need no more set up. */
#define TEST_SUITE(name)                                                                           \
	static struct test *t;                                                                     \
	static void begin(void)                                                                    \
	{                                                                                          \
		t = test_begin();                                                                  \
	}                                                                                          \
	TestSuite(name, .init = begin, .fini = test_end, .timeout = 300)

struct call_options {
	const char *token; /* Authorization: Bearer … */
	const char *json;  /* a body of application/json */
	const char *form;  /* a body of application/x-www-form-urlencoded */
	const char *body;  /* a body of any other kind, of .len bytes (0: up to its NUL) … */
	size_t len;
	const char *type; /* … and its Content-Type; also in place of that of .json or .form */
	const char *header, *header2, *header3; /* CGI variables: "HTTP_X_REQUEST_ID=abcdefgh" */
	const char *address;                    /* of the client; NULL: 192.0.2.1, "": none */
	bool too_large, broken;                 /* what the edge says of the body */
};

struct test_response {
	unsigned status;
	const char *media_type; /* NULL: no body */
	const char *body;       /* as the client gets it: empty for HEAD */
	size_t len;             /* Content-Length */
	struct header headers[RESPONSE_HEADERS_MAX];
	size_t nheaders;
	const struct route *route; /* that was found, or NULL */
	void *json;                /* a json_object; NULL where the body is none */
};

#define call(t, method, uri, ...) call_((t), (method), (uri), (struct call_options) { __VA_ARGS__ })
struct test_response call_(struct test *, const char *method, const char *uri, struct call_options);

/* The value of the header, NULL where it is not there. */
const char *response_header_value(const struct test_response *, const char *name);

/* The code of a problem: "not_found"; "" where it is none. */
const char *response_code(const struct test_response *);

/* Fails the test unless the answer is a problem of that status and code. */
void expect_problem(const struct test_response *, unsigned status, const char *code);

/* Fails the test unless the answer is 422 with exactly these bad fields, in any order:
 * "body title too_short", … The list ends by itself. */
#define expect_fields(a, ...) expect_fields_((a), (const char *const[]) { __VA_ARGS__, NULL })
void expect_fields_(const struct test_response *, const char *const *fields);

/* Members of the answer by path: "items.0.title". response_has() apart, a member that is not
 * there or of another kind fails the test. */
bool response_has(const struct test_response *, const char *path);
bool response_is_null(const struct test_response *, const char *path);
const char *response_text(const struct test_response *, const char *path);
int64_t response_int(const struct test_response *, const char *path);
bool response_bool(const struct test_response *, const char *path);
size_t response_count(const struct test_response *, const char *path); /* of an array or object */

/* An account that is signed in. */
struct account {
	const char *id, *email, *password;
	const char *session_id, *token;
};

/* Fails the test unless that account gets these answers for one row: to GET, to PATCH and PUT
 * with these bodies, and last to DELETE. */
void expect_access(struct test *, const struct account *, const char *uri, const char *patch,
		   const char *put, unsigned get, unsigned write, unsigned gone);

/* Runs an INSERT … RETURNING id (row: made_schema) beside the application; returns the id. */
#define make_row(t, query, ...) make_row_((t), (query), DB_PARAMS(__VA_ARGS__))
const char *make_row_(struct test *, const struct query *, struct db_params);
extern const struct schema made_schema;

struct new_account {
	const char *role;      /* NULL: member */
	const char *email;     /* NULL: one that nobody else has */
	const char *password;  /* NULL: a good one */
	const char *full_name; /* NULL: null */
	bool inactive;
	int64_t token_expires_in; /* seconds; 0: 15 minutes */
};

/* POST auth/login and auth/refresh. */
struct test_response call_login(struct test *, const char *email, const char *password);
struct test_response call_refresh(struct test *, const char *refresh_token);

/* Runs the job of that name in this process. It must succeed. */
void run_job(struct test *, const char *name, const void *args);

#define make_user(t, ...) make_user_((t), (struct new_account) { __VA_ARGS__ })
struct account make_user_(struct test *, struct new_account);

#endif
