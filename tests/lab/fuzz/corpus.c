/* Runs a fuzz target on the files of its corpus, or on those given as arguments, without libFuzzer.
 * Prints TAP. */
#include "app/base.h"

#include <dirent.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_SIZE = 1 << 20 };

static bool
run_file(const char *path)
{
	static uint8_t bytes[FILE_SIZE];
	FILE *file = fopen(path, "rb");
	uint8_t *exact;
	size_t len;

	if (!file)
		return false;

	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	exact = malloc(len ? len : 1);
	if (!exact)
		return false;

	memcpy(exact, bytes, len);
	printf("# %s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	return true;
}

/* Returns the number of files; -1 if one cannot be read. */
static int
replay_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[4096];
	int n = 0;

	while (dir && n >= 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		n = run_file(path) ? n + 1 : -1;
	}
	if (dir)
		closedir(dir);
	return n;
}

int
main(int argc, char **argv)
{
	const char *base = strrchr(argv[0], '/'), *srcdir = getenv("srcdir");
	const char *name = base ? base + 1 : argv[0];
	char folder[2048];
	int n = argc - 1;

	name += strncmp(name, "fuzz_", 5) == 0 ? 5 : 0;
	snprintf(folder, sizeof(folder), "%s/tests/lab/fuzz/corpus/%s", srcdir ? srcdir : ".",
		 name);
	if (argc < 2)
		n = replay_folder(folder);
	for (int i = 1; i < argc && n > 0; i++)
		n = run_file(argv[i]) ? n : -1;

	printf("1..1\n%sok 1 - %s: %d inputs\n", n > 0 ? "" : "not ", name, n);
	return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
