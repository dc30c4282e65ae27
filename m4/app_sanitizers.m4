dnl APP_SANITIZERS: --enable-sanitizers finds errors, --enable-coverage measures the tests. Both slow
dnl the program down: not for production.
AC_DEFUN([APP_SANITIZERS], [
	AC_ARG_ENABLE([sanitizers],
		[AS_HELP_STRING([--enable-sanitizers],
			[build with AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer])],
		[], [enable_sanitizers=no])
	AC_ARG_ENABLE([coverage],
		[AS_HELP_STRING([--enable-coverage], [count which lines run, for gcov])],
		[], [enable_coverage=no])
	AC_ARG_ENABLE([fuzzing],
		[AS_HELP_STRING([--enable-fuzzing],
			[link the targets of tests/lab/fuzz/ with libFuzzer (clang); with the sanitizers])],
		[], [enable_fuzzing=no])
	AS_IF([test "$enable_fuzzing" != no], [
		enable_sanitizers=yes
		APP_ADD_FLAG([FUZZ_LIBS], [-fsanitize=fuzzer-no-link], [link])
		AS_IF([test -z "$FUZZ_LIBS"], [AC_MSG_ERROR([$CC has no libFuzzer: configure with CC=clang])])
		FUZZ_LIBS=-fsanitize=fuzzer
	])
	AC_SUBST([FUZZ_LIBS])
	AM_CONDITIONAL([FUZZING], [test "$enable_fuzzing" != no])

	AS_IF([test "$enable_sanitizers" != no], [
		AC_DEFINE([APP_SANITIZED], [1], [Define to 1 to build with sanitizers.])
		APP_ADD_FLAG([SANITIZER_LDFLAGS], [-fsanitize=address,undefined], [link])
		AS_IF([test -z "$SANITIZER_LDFLAGS"],
			[AC_MSG_ERROR([$CC cannot link with -fsanitize=address,undefined])])
		SANITIZER_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=undefined"
		AS_VAR_APPEND([SANITIZER_CFLAGS], [" -fno-omit-frame-pointer"])
		dnl With instrumentation, GCC 12 reports vsnprintf(NULL, 0, ...) as a truncation.
		APP_ADD_FLAG([SANITIZER_CFLAGS], [-Wno-format-truncation])
	])
	AS_IF([test "$enable_fuzzing" != no], [AS_VAR_APPEND([SANITIZER_CFLAGS], [" -fsanitize=fuzzer-no-link"])])
	AS_IF([test "$enable_coverage" != no], [
		AS_VAR_APPEND([SANITIZER_CFLAGS], [" --coverage"])
		AS_VAR_APPEND([SANITIZER_LDFLAGS], [" --coverage"])
	])
	AC_SUBST([SANITIZER_CFLAGS])
	AC_SUBST([SANITIZER_LDFLAGS])
	AM_CONDITIONAL([SANITIZERS], [test "$enable_sanitizers" != no])
])
