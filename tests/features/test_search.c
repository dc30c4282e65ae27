/* Search: matches, ranking, visibility, unusual input. */
#include <criterion/criterion.h>

#include "support/call.h"
#include "support/make_item.h"

static struct test *t;
static struct account ada;

static void
begin(void)
{
	t = test_begin();
	ada = make_user(t);
}

TestSuite(search, .init = begin, .fini = test_end);

#define SEARCH "/api/v1/items/search"

static struct test_response
search(const struct account *who, const char *words, const char *more)
{
	struct buf b = buf_new(t->arena, 10000);

	buf_url(&b, words);
	return call(t, "GET", arena_printf(t->arena, SEARCH "?q=%s%s", b.data, more),
		    .token = who->token);
}

/* The titles that Ada finds, separated by commas. */
static const char *
found(const char *words)
{
	struct test_response a = search(&ada, words, "");
	struct buf b = buf_new(t->arena, 1 << 20);

	cr_assert_eq(a.status, 200, "%s: %s", words, a.body);
	for (size_t i = 0; i < response_count(&a, "items"); i++)
		buf_printf(&b, "%s%s", i ? "," : "",
			   response_text(&a, arena_printf(t->arena, "items.%zu.title", i)));
	cr_expect_eq(response_int(&a, "total"), (int64_t)response_count(&a, "items"), "%s", a.body);
	return b.data;
}

static void
finds(const char *words, const char *titles)
{
	cr_expect_str_eq(found(words), titles, "%s: %s", words, found(words));
}

Test(search, titles_and_descriptions)
{
	make_item(t, &ada, .title = "Desk", .description = "Oak; one drawer sticks");
	make_item(t, &ada, .title = "Lamp", .description = "Brass, with a green shade");
	finds("lamp", "Lamp");
	finds("LAMP", "Lamp");
	finds("drawer", "Desk");
	finds("brass shade", "Lamp");
	finds("brass drawer", "");
	finds("nothing", "");
}

Test(search, word_forms)
{
	make_item(t, &ada, .title = "Running shoes");
	make_item(t, &ada, .title = "Boxes", .description = "Polished");
	finds("run", "Running shoes");
	finds("runs", "Running shoes");
	finds("shoe", "Running shoes");
	finds("box", "Boxes");
	finds("polishing", "Boxes");
}

Test(search, the_last_word_may_be_unfinished)
{
	make_item(t, &ada, .title = "Running shoes");
	make_item(t, &ada, .title = "Theatre lamp");
	finds("r", "Running shoes");
	finds("runni", "Running shoes");
	finds("running sho", "Running shoes");
	finds("runn shoes", "");
	finds("the", "");
	finds("thea", "Theatre lamp");
	finds("the lam", "Theatre lamp");
	finds("\"running sho", "Running shoes");
}

/* Endings can change the stem: "happi" is that of "happiness", "run" that of "running". */
Test(search, each_beginning_of_a_word_finds_it)
{
	static const char *const words[] = {
		"running",       "hoping",
		"happiness",     "nationalization",
		"relational",    "sensibility",
		"connectedly",   "hopefulness",
		"lamps",         "dying",
		"ponies",        "generously",
		"troubled",      "caresses",
		"gr\xc3\xbcner", "\xd0\x9b\xd0\xb0\xd0\xbc\xd0\xbf\xd0\xb0",
	};
	struct buf b = buf_new(t->arena, 1024);

	for (size_t i = 0; i < COUNT(words); i++)
		buf_printf(&b, "%s, ", words[i]);
	make_item(t, &ada, .title = "words", .description = buf_done(&b));
	for (size_t i = 0; i < COUNT(words); i++)
		for (size_t n = 2; n <= strlen(words[i]); n++) {
			const char *typed = arena_text_n(t->arena, words[i], n);

			if ((words[i][n] & 0xc0) != 0x80) /* not within a character */
				finds(typed, "words");
		}
	finds("\"hoping happine", "words");
	finds("\"hoping nationaliza", "");
}

Test(search, a_title_comes_first_for_incomplete_words_too)
{
	make_item(t, &ada, .title = "Running");
	make_item(t, &ada, .title = "Club", .description = "Running");
	finds("ru", "Running,Club");
	finds("runni", "Running,Club");
}

Test(search, words_of_any_language)
{
	make_item(t, &ada, .title = "Gr\xc3\xbc\x6e\x65r Schirm");
	make_item(t, &ada, .title = "\xd0\x9b\xd0\xb0\xd0\xbc\xd0\xbf\xd0\xb0");
	finds("gr\xc3\xbcner", "Gr\xc3\xbc\x6e\x65r Schirm");
	finds("schir", "Gr\xc3\xbc\x6e\x65r Schirm");
	finds("\xd0\xbb\xd0\xb0\xd0\xbc", "\xd0\x9b\xd0\xb0\xd0\xbc\xd0\xbf\xd0\xb0");
}

Test(search, stop_words_alone_are_searched)
{
	make_item(t, &ada, .title = "The Who");
	make_item(t, &ada, .title = "Theatre lamp", .description = "who knows");
	make_item(t, &ada, .title = "To be or not to be");
	finds("the who", "The Who");
	finds("THE WHO", "The Who");
	finds("the", "The Who");
	finds("who", "The Who,Theatre lamp");
	finds("\"the who\"", "The Who");
	finds("\"who the\"", "");
	finds("to be", "To be or not to be");
	finds("the -who", "");
	finds("-the", "");
	finds("the lamp", "Theatre lamp");
	finds("the who lamp", "Theatre lamp");
}

Test(search, what_is_typed_around_the_words)
{
	make_item(t, &ada, .title = "Green lamp");
	make_item(t, &ada, .title = "Lamp, not green", .description = "red");
	make_item(t, &ada, .title = "Desk");
	finds("\"green lamp\"", "Green lamp");
	finds("\"green red\"", "");
	finds("\"desk desk\"", "");
	finds("lamp -red", "Green lamp");
	finds("desk or red", "Desk,Lamp, not green");
	finds("-lamp", "");
	finds("-lamp -desk", "");
}

Test(search, minus_signs_in_a_row_are_a_dash)
{
	static const char *const between[] = { "", " ", "!", "(", "<", "\xe3\x80\x80" };

	make_item(t, &ada, .title = "Green lamp");
	finds("green -- lamp", "Green lamp");
	finds("green --lamp", "Green lamp");
	finds("green - lamp", "");
	for (size_t i = 0; i < COUNT(between); i++) {
		struct buf b = buf_new(t->arena, 1024);

		buf_text(&b, "green ");
		for (int k = 0; k < 90; k++)
			buf_printf(&b, "-%s", between[i]);
		finds(b.data, "Green lamp");
	}
}

Test(search, the_best_match_comes_first)
{
	make_item(t, &ada, .title = "Shelf", .description = "For a lamp");
	make_item(t, &ada, .title = "Lamp");
	make_item(t, &ada, .title = "Desk", .description = "A lamp, a lamp, a lamp");
	finds("lamp", "Lamp,Desk,Shelf");
}

Test(search, the_word_itself_comes_before_what_begins_so)
{
	make_item(t, &ada, .title = "lamp");
	make_item(t, &ada, .title = "Green lamps");
	make_item(t, &ada, .title = "Lampshade");
	finds("lamp", "lamp,Green lamps,Lampshade");
	finds("lampsh", "Lampshade");
}

Test(search, equal_matches_go_by_id)
{
	make_item(t, &ada, .title = "Lamp 1");
	make_item(t, &ada, .title = "Lamp 2");
	make_item(t, &ada, .title = "Lamp 3");
	finds("lamp", "Lamp 3,Lamp 2,Lamp 1");
}

Test(search, no_text_is_an_error)
{
	static const char *const texts[] = {
		"'",
		"''",
		"\\",
		"&",
		"|",
		"!",
		"(",
		")",
		":*",
		"<->",
		"lamp'",
		"lamp\\",
		"lamp &",
		"lamp | !",
		"(lamp",
		"lamp)",
		"lamp:*",
		"lamp:A",
		"<2> lamp",
		"\"",
		"\"lamp",
		"lamp\"",
		"-",
		"- lamp",
		"or",
		"lamp or",
		"the",
		"the and of",
		"!!lamp",
		"a'b''c",
		"o'neil",
		"x\\'y",
		"%",
		"_",
		"$1",
		"{}",
		"lamp\n",
		"\x01",
		"wi-fi",
		"a@b.example",
		"http://a.example/b?c=d'e",
		"/a/b/'c",
		"<b>lamp</b>",
		"&amp;",
		"1e5",
		"-1.5",
		"3/4",
		"\xf0\x9f\x98\x80",
		"lamp \xf0\x9f\x98\x80",
		"\xd7\x90\xe2\x80\xae",
		"\xef\xbf\xbf",
		" ",
		"\t lamp \t",
		"lamp -\"green shade\"",
		"\"a b\" or \"c d",
		"'lamp' <-> 'x':*",
	};

	make_item(t, &ada, .title = "Lamp wi-fi a@b.example \xf0\x9f\x98\x80");
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct test_response a = search(&ada, texts[i], "");

		cr_expect_eq(a.status, 200, "%s: %s", texts[i], a.body);
	}
	finds("lamp'", "Lamp wi-fi a@b.example \xf0\x9f\x98\x80");
	finds("wi-fi", "Lamp wi-fi a@b.example \xf0\x9f\x98\x80");
	finds("a@b.example", "Lamp wi-fi a@b.example \xf0\x9f\x98\x80");
}

Test(search, a_change_is_found_at_once)
{
	const char *path =
	    arena_printf(t->arena, "/api/v1/items/%s", make_item(t, &ada, .title = "Lamp"));

	finds("lamp", "Lamp");
	call(t, "PATCH", path, .token = ada.token, .json = "{\"title\":\"Desk\"}");
	finds("lamp", "");
	finds("desk", "Desk");
	call(t, "DELETE", path, .token = ada.token);
	finds("desk", "");
}

Test(search, the_same_visibility_as_the_list)
{
	struct account eve = make_user(t), admin = make_user(t, .role = "admin");
	struct test_response a;

	make_item(t, &ada, .title = "Lamp of Ada");
	make_item(t, &eve, .title = "Lamp of Eve");
	finds("lamp", "Lamp of Ada");
	a = search(&admin, "lamp", "");
	cr_expect_eq(response_int(&a, "total"), 2);
	a = search(&admin, ada.id, "");
	cr_expect_eq(response_int(&a, "total"), 0);
	a = call(t, "GET", SEARCH "?q=lamp");
	expect_problem(&a, 401, "unauthenticated");
}

Test(search, parameters)
{
	struct test_response a = call(t, "GET", SEARCH, .token = ada.token);

	expect_fields(&a, "query q required");
	a = search(&ada, "", "");
	expect_fields(&a, "query q too_short");
	a = search(&ada, "x", "&sort=rank");
	expect_fields(&a, "query sort unknown_field");
	a = search(&ada, "x", "&status=draft&limit=0");
	expect_fields(&a, "query status unknown_field", "query limit too_small");
	a = search(&ada, arena_printf(t->arena, "%0200d", 1), "");
	cr_expect_eq(a.status, 200);
	a = search(&ada, arena_printf(t->arena, "%0201d", 1), "");
	expect_fields(&a, "query q too_long");
	a = search(&ada, "x", "&q=y");
	expect_fields(&a, "query q invalid_format");
}

Test(search, pages)
{
	struct test_response a = { 0 };
	struct buf b = buf_new(t->arena, 1000);
	const char *cursor = "";

	make_item(t, &ada, .title = "c", .description = "lamp");
	make_item(t, &ada, .title = "b", .description = "lamp");
	make_item(t, &ada, .title = "a lamp");
	a = search(&ada, "lamp", "&limit=2");
	cr_expect_str_eq(response_text(&a, "items.0.title"), "a lamp");
	cr_expect_eq(response_int(&a, "total"), 3);
	cr_expect_not_null(response_header_value(&a, "Link"));
	a = search(&ada, "lamp", "&limit=2&offset=2");
	cr_expect_str_eq(response_text(&a, "items.0.title"), "c");
	cr_expect(response_is_null(&a, "next_cursor"));
	for (int i = 0; i < 3; i++) {
		a = search(&ada, "lamp", arena_printf(t->arena, "&limit=1%s", cursor));
		buf_printf(&b, "%s,", response_text(&a, "items.0.title"));
		if (i < 2)
			cursor =
			    arena_printf(t->arena, "&cursor=%s", response_text(&a, "next_cursor"));
	}
	cr_expect(response_is_null(&a, "next_cursor"));
	cr_expect_str_eq(b.data, "a lamp,b,c,");
	a = search(&ada, "desk", cursor);
	expect_fields(&a, "query cursor invalid_format");
}
