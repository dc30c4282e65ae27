dnl APP_LIBRARY(PREFIX, PKG-CONFIG MODULE WITH VERSION, DEBIAN PACKAGE)
dnl
dnl Finds a library and adds it to APP_CFLAGS and APP_LIBS. APP_LIBRARIES_DONE reports all missing
dnl ones at once.
AC_DEFUN([APP_LIBRARY], [
	PKG_CHECK_MODULES([$1], [$2], [
		AS_VAR_APPEND([APP_CFLAGS], [" $$1_CFLAGS"])
		AS_VAR_APPEND([APP_LIBS], [" $$1_LIBS"])
	], [
		AS_VAR_APPEND([app_missing], ["
    $2 (Debian package $3)"])
		AS_VAR_APPEND([app_packages], [" $3"])
	])
])

AC_DEFUN([APP_LIBRARIES_DONE], [
	AS_IF([test -n "$app_missing"], [
		AC_MSG_ERROR([these libraries are missing or too old:
$app_missing

On Debian and Ubuntu: apt-get install$app_packages
Elsewhere: install them, or set PKG_CONFIG_PATH to where their .pc files are.])
	])
	AC_SUBST([APP_CFLAGS])
	AC_SUBST([APP_LIBS])
])
