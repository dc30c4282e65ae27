/* Prints the result of json_check() for each document of standard input, one a line; empty: valid.
 * Each document follows its length in four bytes, most significant first. */
#include "app/schema.h"

enum { DOCUMENT_MAX = 1 << 20 };

int
main(void)
{
	unsigned char head[4];

	while (fread(head, sizeof(head), 1, stdin) == 1) {
		size_t len =
		    (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
		char *json = len <= DOCUMENT_MAX ? malloc(len ? len : 1) : NULL;
		const char *wrong;

		if (!json || (len && fread(json, len, 1, stdin) != 1))
			return EXIT_FAILURE;
		wrong = json_check(json, len);
		puts(wrong ? wrong : "");
		free(json);
	}
	return EXIT_SUCCESS;
}
