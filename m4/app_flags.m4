dnl APP_ADD_FLAG(VARIABLE, FLAG, [WHERE])
dnl
dnl Appends FLAG to VARIABLE if the compiler accepts it without a warning. WHERE is
dnl `compile` (the default) or `link`.
AC_DEFUN([APP_ADD_FLAG], [
	AC_LANG_ASSERT([C])
	AS_VAR_PUSHDEF([works], [app_cv_flag_[]m4_default([$3], [compile])_$2])
	AC_CACHE_CHECK([whether $CC takes $2], [works], [
		app_saved_CFLAGS=$CFLAGS
		app_saved_LDFLAGS=$LDFLAGS
		m4_if([$3], [link],
			[LDFLAGS="$LDFLAGS $2"],
			[CFLAGS="$CFLAGS -Werror $2"])
		m4_if([$3], [link],
			[AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
				[AS_VAR_SET([works], [yes])], [AS_VAR_SET([works], [no])])],
			[AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
				[AS_VAR_SET([works], [yes])], [AS_VAR_SET([works], [no])])])
		CFLAGS=$app_saved_CFLAGS
		LDFLAGS=$app_saved_LDFLAGS
	])
	AS_VAR_IF([works], [yes], [AS_VAR_APPEND([$1], [" $2"])])
	AS_VAR_POPDEF([works])
])

dnl APP_ADD_FLAGS(VARIABLE, FLAGS, [WHERE]): the same for each word of a list.
AC_DEFUN([APP_ADD_FLAGS], [
	m4_foreach_w([app_flag], [$2], [APP_ADD_FLAG([$1], m4_defn([app_flag]), [$3])])
])
