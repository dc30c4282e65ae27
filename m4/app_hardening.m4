dnl APP_HARDENING: flags that make bugs harder to exploit. Use it after APP_SANITIZERS, since
dnl _FORTIFY_SOURCE hides errors from the sanitizers.
AC_DEFUN([APP_HARDENING], [
	AC_ARG_ENABLE([hardening],
		[AS_HELP_STRING([--disable-hardening], [build without hardening flags])],
		[], [enable_hardening=yes])

	AS_IF([test "$enable_hardening" != no], [
		APP_ADD_FLAGS([HARDENING_CFLAGS], [
			-fstack-protector-strong
			-fstack-clash-protection
			-fcf-protection
			-mbranch-protection=standard
			-fPIE
		])
		APP_ADD_FLAGS([HARDENING_LDFLAGS], [
			-pie
			-Wl,-z,relro
			-Wl,-z,now
			-Wl,-z,noexecstack
		], [link])
		AS_IF([test "$enable_sanitizers" = no], [
			AC_DEFINE([APP_FORTIFY], [1], [Define to 1 to check lengths in calls of the C library.])
		])
	])
	AC_SUBST([HARDENING_CFLAGS])
	AC_SUBST([HARDENING_LDFLAGS])

	dnl Not a flag, because without optimization the C library would warn.
	AH_BOTTOM([
#if defined APP_FORTIFY && defined __OPTIMIZE__ && !defined _FORTIFY_SOURCE
#define _FORTIFY_SOURCE 3
#endif])
])
