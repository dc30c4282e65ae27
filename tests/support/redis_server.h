/* A Redis of a test's own, at a unix socket in a folder of its own. */
#ifndef TESTS_REDIS_SERVER_H
#define TESTS_REDIS_SERVER_H

#include "app/base.h"

/* Makes the folder, starts the server and points settings.redis_url at it, once it answers.
 * Skips the test where there is no redis-server. */
void redis_server_begin(void);
void redis_server_end(void);

/* Kills it; starts one anew (password "": none); stops and continues it in its tracks. */
void redis_server_stop(void);
void redis_server_start(const char *password);
void redis_server_freeze(void);
void redis_server_thaw(void);

/* Until it answers this process; until anybody listens, which takes no notice of ours. */
void redis_server_wait(void);
void redis_server_wait_socket(void);

const char *redis_server_folder(void);

#endif
