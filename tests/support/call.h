/*
 * Sends a request through the whole pipeline, with a database of its own for the test:
 *
 *	TEST_SUITE(lamps);
 *
 *	Test(lamps, can_be_created)
 *	{
 *		struct account ada = make_user(t, .role = "member");
 *		struct test_response a = call(t, "POST", "/api/v1/gizmos", .token = ada.token,
 *				       .json = "{\"title\":\"Lamp\"}");
 *
 *		cr_assert_eq(a.status, 201);
 *		cr_expect_str_eq(response_text(&a, "title"), "Lamp");
 *	}
 *
 * Before call() returns a response, response_check.c checks that it follows the conventions of the
 * API, and fails the test otherwise. All results live until test_end().
 */
#ifndef TESTS_CALL_H
#define TESTS_CALL_H

#include "app/http.h"

struct test {
	struct arena *arena;
	struct db *db;   /* the application's connection */
	struct ctx *ctx; /* for calls of the test itself, on the same connection */
};

/* Opens a database (support/testdb.h), and loads settings that make tests fast. test_end() closes
 * it. */
struct test *test_begin(void);
void test_end(void);

/* A suite whose tests use `t` and need no other setup. */
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
	const char *body;  /* any other body, of .len bytes (0: up to its NUL) */
	size_t len;
	const char *type; /* Content-Type; also overrides that of .json and .form */
	const char *header, *header2, *header3,
	    *header4;           /* CGI variables: "HTTP_X_REQUEST_ID=abcdefgh" */
	const char *address;    /* of the client; NULL: 192.0.2.1, "": none */
	bool too_large, broken; /* body_too_large, body_broken of the request */
};

struct test_response {
	unsigned status;
	const char *media_type; /* NULL: no body */
	const char *body;       /* as the client receives it: empty for HEAD */
	size_t len;             /* Content-Length */
	struct header headers[RESPONSE_HEADERS_MAX];
	size_t nheaders;
	const struct route *route; /* the matched route, or NULL */
	void *json;                /* a json_object; NULL if the body is not JSON */
};

#define call(t, method, uri, ...) call_((t), (method), (uri), (struct call_options) { __VA_ARGS__ })
struct test_response call_(struct test *, const char *method, const char *uri, struct call_options);

/* The value of a header, or NULL. */
const char *response_header_value(const struct test_response *, const char *name);

/* The code of a problem: "not_found"; "" if the response is not a problem. */
const char *response_code(const struct test_response *);

/* Fails the test unless the response is a problem with this status and code. */
void expect_problem(const struct test_response *, unsigned status, const char *code);

/* Fails the test unless the response is 422 with exactly these invalid fields, in any order:
 * "body title too_short", … */
#define expect_fields(a, ...) expect_fields_((a), (const char *const[]) { __VA_ARGS__, NULL })
void expect_fields_(const struct test_response *, const char *const *fields);

/* Members of the response by path: "items.0.title". Except for response_has(), a member that is
 * missing or has another type fails the test. */
bool response_has(const struct test_response *, const char *path);
bool response_is_null(const struct test_response *, const char *path);
const char *response_text(const struct test_response *, const char *path);
int64_t response_int(const struct test_response *, const char *path);
bool response_bool(const struct test_response *, const char *path);
size_t response_count(const struct test_response *, const char *path); /* of an array or object */

/* A signed-in account. */
struct account {
	const char *id, *email, *password;
	const char *session_id, *token;
};

/* Returns the URI of a route, with this id for each {name} in its path. */
const char *route_uri(struct test *, const struct route *, const char *id);

/* Fails the test unless the account gets these statuses for a row: `get` for GET, `write` for PATCH
 * and PUT with these bodies, and finally `gone` for DELETE. */
void expect_access(struct test *, const struct account *, const char *uri, const char *patch,
		   const char *put, unsigned get, unsigned write, unsigned gone);

/* Runs an INSERT … RETURNING id (row: made_schema) directly in the database. Returns the id. */
#define make_row(t, query, ...) make_row_((t), (query), DB_PARAMS(__VA_ARGS__))
const char *make_row_(struct test *, const struct query *, struct db_params);
extern const struct schema made_schema;

struct new_account {
	const char *role;      /* NULL: member */
	const char *email;     /* NULL: a unique one */
	const char *password;  /* NULL: a valid one */
	const char *full_name; /* NULL: null */
	bool inactive;
	int64_t token_expires_in; /* seconds; 0: 15 minutes */
};

/* POST auth/login and auth/refresh. */
struct test_response call_login(struct test *, const char *email, const char *password);
struct test_response call_refresh(struct test *, const char *refresh_token);

/* Runs a job of this task in this process. It must succeed. */
void run_job(struct test *, const char *name, const void *args);

#define make_user(t, ...) make_user_((t), (struct new_account) { __VA_ARGS__ })
struct account make_user_(struct test *, struct new_account);

#endif
