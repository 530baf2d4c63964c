/* proc(5): /proc/self/stat, /proc/self/statm, /proc/self/fd, /proc/stat. */
#include "telemetry/process.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/timestamp.h"
#include "telemetry/metrics.h"

static struct metric build = {.name = "comanda_build_info",
			      .help = "Always 1; the labels name the program and its version",
			      .type = GAUGE,
			      .label = "program",
			      .second = "version"};
static struct metric cpu = {
	.name = "process_cpu_seconds_total", .help = "CPU time used, in user and system mode", .type = COUNTER};
static struct metric resident = {.name = "process_resident_memory_bytes", .help = "Memory in RAM", .type = GAUGE};
static struct metric virtual_size = {
	.name = "process_virtual_memory_bytes", .help = "Address space in use", .type = GAUGE};
static struct metric open_fds = {.name = "process_open_fds", .help = "Open file descriptors", .type = GAUGE};
static struct metric max_fds = {.name = "process_max_fds", .help = "Limit of open file descriptors", .type = GAUGE};
static struct metric threads = {.name = "process_threads", .help = "Threads", .type = GAUGE};
static struct metric started = {
	.name = "process_start_time_seconds", .help = "Start of the process, in seconds since 1970", .type = GAUGE};

void process_started(const char *program)
{
	metric_set_pair(&build, (struct labels){program, COMANDA_VERSION}, 1);
}

/* Field `number` (from 3 on, as proc(5) counts) of a stat line; the name in field 2 may hold blanks and brackets. */
static int64_t stat_field(const char *line, int number)
{
	const char *at = strrchr(line, ')');

	for (int field = 2; at != NULL && field < number; field++) {
		at = strchr(at, ' ');
		at = at == NULL ? NULL : at + 1;
	}
	return at == NULL ? 0 : strtoll(at, NULL, 10);
}

static bool read_line(const char *path, const char *start, char *ret_line, int size)
{
	FILE *file = fopen(path, "re");
	bool found = false;

	while (file != NULL && !found && fgets(ret_line, size, file) != NULL)
		found = strncmp(ret_line, start, strlen(start)) == 0;
	if (file != NULL)
		fclose(file);
	return found;
}

static int64_t count_fds(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int64_t count = -1; /* without the descriptor of this directory */

	while (directory != NULL && readdir(directory) != NULL)
		count++;
	if (directory != NULL)
		closedir(directory);
	return count - 2; /* "." and ".." */
}

void process_measure(void)
{
	const int64_t ticks = sysconf(_SC_CLK_TCK), page = sysconf(_SC_PAGESIZE);
	struct rlimit limit;
	char line[1024];

	if (read_line("/proc/self/stat", "", line, sizeof(line))) {
		const int64_t boot_ticks = stat_field(line, 22);

		metric_set(&cpu, NULL, (stat_field(line, 14) + stat_field(line, 15)) * SECOND_US / ticks);
		metric_set(&threads, NULL, stat_field(line, 20));
		metric_set(&virtual_size, NULL, stat_field(line, 23));
		metric_set(&resident, NULL, stat_field(line, 24) * page);
		if (read_line("/proc/stat", "btime ", line, sizeof(line)))
			metric_set(&started, NULL,
				   strtoll(line + 6, NULL, 10) * SECOND_US + boot_ticks * SECOND_US / ticks);
	}
	metric_set(&open_fds, NULL, count_fds());
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		metric_set(&max_fds, NULL, (int64_t)limit.rlim_cur);
}
