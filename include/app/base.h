/*
 * Every file includes this first: config.h, the C library and a few attributes. It also forbids
 * unsafe functions; use arena_printf, buf_printf and clock_* instead.
 */
#ifndef APP_BASE_H
#define APP_BASE_H

#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array)             (sizeof(array) / sizeof((array)[0]))
#define MUST_CHECK               __attribute__((warn_unused_result))
#define NORETURN                 __attribute__((noreturn))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define UNUSED                   __attribute__((unused))
/* Runs `fn(&variable)` when the variable goes out of scope. Do not use it in code that handles
 * requests: when memory runs out, longjmp() skips it (arena.h). */
#define CLEANUP(fn)              __attribute__((cleanup(fn)))

#undef sprintf /* a macro of glibc under clang with _FORTIFY_SOURCE */
#pragma GCC poison strcpy strcat sprintf vsprintf gets strtok atoi atol atof
#pragma GCC poison gmtime localtime ctime asctime system popen tmpnam mktemp

#endif
