# Generates common passwords from the words of passwords.roots, and keyboard patterns: one a line,
# unsorted, with duplicates.

function say(text) {
	if (length(text) >= 4 && length(text) <= 40)
		print text
}

# The word with each common ending.
function with_endings(word, i) {
	say(word)
	for (i in endings)
		say(word i)
}

# Replaces letters by similar signs: one letter at a time, then all.
function with_signs(word, i, all, one) {
	all = word
	for (i = 1; i <= nsigns; i++) {
		one = word
		if (gsub(letter[i], sign[i], one))
			with_few_endings(one)
		gsub(letter[i], sign[i], all)
	}
	if (all != word)
		with_few_endings(all)
}

function with_few_endings(word) {
	say(word)
	say(word "1")
	say(word "123")
	say(word "!")
}

function reversed(text, i, out) {
	for (i = length(text); i > 0; i--)
		out = out substr(text, i, 1)
	return out
}

# All parts of a row of keys, forward and backward.
function walks(row, from, len, part) {
	for (len = 4; len <= length(row); len++) {
		for (from = 1; from + len - 1 <= length(row); from++) {
			part = substr(row, from, len)
			with_few_endings(part)
			with_few_endings(reversed(part))
		}
	}
}

# Adjacent columns of keys, starting at each column, downward and upward.
function columns(list, n, column, from, i, down, up) {
	n = split(list, column, " ")
	for (from = 1; from <= n; from++) {
		down = up = ""
		for (i = from; i <= n && i < from + 4; i++) {
			down = down column[i]
			up = up reversed(column[i])
			with_few_endings(down)
			with_few_endings(up)
		}
	}
}

function repeated(text, times, out) {
	while (times-- > 0)
		out = out text
	return out
}

function digits(d, i, times, up, down, pairs) {
	for (d = 0; d < 10; d++) {
		for (times = 4; times <= 12; times++)
			say(repeated(d, times))
		up = down = pairs = ""
		for (i = 0; i < 10; i++) {
			up = up (d + i) % 10
			down = down (d - i + 10) % 10
			pairs = pairs (d + i) % 10 (d + i) % 10
			say(up)
			say(down)
			say(pairs)
			say(up up)
			say(down down)
		}
	}
	for (i = 0; i < 100; i++)
		for (times = 2; times <= 6; times++)
			say(repeated(sprintf("%02d", i), times))
	for (i = 0; i < 1000; i++)
		for (times = 2; times <= 3; times++)
			say(repeated(sprintf("%03d", i), times))
}

function letters(i, letter) {
	for (i = 1; i <= 26; i++) {
		letter = substr("abcdefghijklmnopqrstuvwxyz", i, 1)
		for (times = 4; times <= 10; times++)
			say(repeated(letter, times))
		say(repeated(letter, 3) "123")
		say(letter "1234567")
		say(letter "12345678")
		say(letter "123456789")
		say("1234567" letter)
		say("12345678" letter)
	}
}

# Dates of birth.
function days(year, month, day) {
	for (year = 1970; year < 2010; year++) {
		for (month = 1; month <= 12; month++) {
			for (day = 1; day <= 31; day++)
				say(sprintf("%02d%02d%d", day, month, year))
		}
	}
}

BEGIN {
	n = split("0 00 007 01 1 10 11 12 123 1234 12345 123456 1234567 12345678 123456789 13 " \
	    "2 21 22 23 3 321 33 4 5 55 6 666 69 7 77 777 8 88 9 99 999 ! !! 1! 12! 123! @ @1 @123 # $ " \
	    ". _ _1 _123 -1 1a a x 111 2000 2010 2015 2018 2019 2020 2021 2022 2023 2024 2025 " \
	    "2026 2020! 2021! 2022! 2023! 2024! 2025! 2026!", list, " ")
	for (i = 1; i <= n; i++)
		endings[list[i]]

	nsigns = split("a a o e i i s s", letter, " ")
	split("@ 4 0 3 1 ! $ 5", sign, " ")

	walks("1234567890")
	walks("qwertyuiop")
	walks("asdfghjkl")
	walks("zxcvbnm")
	walks("qwertzuiop")
	walks("yxcvbnm")
	walks("azertyuiop")
	walks("qsdfghjklm")
	walks("abcdefghijklmnopqrstuvwxyz")
	columns("1qaz 2wsx 3edc 4rfv 5tgb 6yhn 7ujm")
	columns("qaz wsx edc rfv tgb yhn ujm")
	columns("q1 w2 e3 r4 t5 y6 u7 i8 o9 p0")
	columns("1q 2w 3e 4r 5t 6y 7u 8i 9o 0p")
	columns("qwe asd zxc")
	columns("qwer asdf zxcv")
	columns("qwert asdfg zxcvb")
	columns("147 258 369")
	columns("741 852 963")
	columns("123 456 789")
	columns("123 qwe asd zxc")
	columns("1234 qwer asdf zxcv")
	digits()
	letters()
	days()
}

/^#/ || NF < 2 { next }

{
	for (f = 2; f <= NF; f++) {
		if ($1 == "word") {
			with_endings($f)
			with_signs($f)
			say($f $f)
			say(reversed($f))
			say("my" $f)
			say("the" $f)
			say("1" $f)
			say("123" $f)
		} else if ($1 == "name") {
			with_endings($f)
			for (year = 1970; year <= 2012; year++)
				say($f year)
			for (year = 70; year <= 99; year++)
				say($f year)
			say("ilove" $f)
		} else if ($1 == "alone") {
			say($f)
		}
	}
}
