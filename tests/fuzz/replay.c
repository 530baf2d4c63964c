/* For builds without libFuzzer: runs a target with every file of the given directories, and with all prefixes of the
 * files up to 64 bytes. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "tests/fuzz/fuzz.h"

enum { BYTES_MAX = 1 << 20, BEGINNINGS = 64 };

/* Each input has a heap block of its exact size, so that a sanitizer detects reads beyond it. */
static void run(const char *bytes, size_t size)
{
	uint8_t *copy = mem_new(size, 1);

	if (size > 0)
		memcpy(copy, bytes, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static int run_file(const char *path)
{
	static char bytes[BYTES_MAX];
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		perror(path);
		return 1;
	}
	const size_t size = fread(bytes, 1, sizeof(bytes), file);
	(void)fclose(file);
	for (size_t beginning = 0; beginning < BEGINNINGS && beginning < size; beginning++)
		run(bytes, beginning);
	run(bytes, size);
	return 0;
}

static int run_directory(const char *path, int *files)
{
	DIR *directory = opendir(path);
	char name[4096];
	int failed = 0;

	if (directory == NULL) {
		perror(path);
		return 1;
	}
	for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		failed |= run_file(name);
		++*files;
	}
	(void)closedir(directory);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0, files = 0;

	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		failed |= run_directory(argv[i], &files);
	printf("%d inputs, and their beginnings\n", files);
	return failed != 0 || files == 0;
}
