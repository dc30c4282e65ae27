dnl APP_WARNINGS: collects the warnings of the house in WARNING_CFLAGS. Errors they are
dnl with --enable-werror or `make WERROR=-Werror` alone: for tests, CI and distcheck, never for a
dnl person who builds with a newer compiler. A row of a table may leave out what does
dnl not apply to it: zero means closed.
AC_DEFUN([APP_WARNINGS], [
	AC_ARG_ENABLE([werror],
		[AS_HELP_STRING([--enable-werror], [stop at any compiler warning])],
		[], [enable_werror=no])

	APP_ADD_FLAGS([WARNING_CFLAGS], [
		-Wall
		-Wextra
		-Wshadow
		-Wconversion
		-Wstrict-prototypes
		-Wmissing-prototypes
		-Wwrite-strings
		-Wvla
		-Wno-missing-field-initializers
	])
	AS_IF([test "$enable_werror" != no], [WERROR=-Werror], [WERROR=])
	AC_SUBST([WERROR])
	AC_SUBST([WARNING_CFLAGS])
])
