/* Arguments, settings, signals. */
#include "comanda/program.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "http/http.h"
#include "telemetry/log.h"
#include "telemetry/otlp.h"
#include "telemetry/process.h"
#include "json/json.h"

static sigset_t awaited_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	return set;
}

static void print_help(const struct program *program)
{
	printf("%s: %s\n\n"
	       "usage: %s [--help | --version | --check%s%s%s]\n\n"
	       "  --check    ask the running program on its admin port if it is ready: exit code 0 or 1\n",
	       program->name, program->about, program->name, program->migrates ? " | --migrate" : "",
	       program->print_option != NULL ? " | " : "", program->print_option != NULL ? program->print_option : "");
	if (program->migrates)
		printf("  --migrate  apply the migrations that this build needs, and end\n");
	if (program->print_option != NULL)
		printf("  %-10s %s\n", program->print_option, program->print_help);
	printf("\n"
	       "The program reads its settings from the environment. A secret NAME can also come from the file that "
	       "NAME_FILE names.\n"
	       "SIGTERM ends the program in good order. SIGUSR1 lowers the log level, SIGUSR2 raises it.\n\n");
	settings_help(program->settings, stdout);
}

/* Memory holds keys and passwords: no core file, and no debugger of another program under the same account. The limit
 * does not stop a core that is piped to a collector; the flag does (core(5), prctl(2)). */
static void keep_memory_private(void)
{
	static const struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int check(const struct program *program, const void *settings)
{
	const int64_t port = *(const int64_t *)(const void *)((const char *)settings + program->admin_port);
	const int status = http_get_status((int)port, "/readyz", 2 * SECOND_US);

	if (status == 200)
		return 0;
	fprintf(stderr, "%s is not ready: /readyz on port %d answered %d\n", program->name, (int)port, status);
	return 1;
}

static const char *text_setting(const void *settings, size_t offset)
{
	return *(const char *const *)(const void *)((const char *)settings + offset);
}

/* What the table of settings cannot check. */
static bool settings_fit(const struct program *program, const void *settings, enum log_level *ret_level)
{
	const char *level = text_setting(settings, program->log_level),
		   *url = text_setting(settings, program->otlp_url);
	const bool level_fits = log_level_parse(level, ret_level) == OK, url_fits = otlp_url_is_valid(url);

	if (!level_fits)
		fprintf(stderr, "COMANDA_LOG_LEVEL is \"%s\": it must be debug, info, warn or error\n", level);
	if (!url_fits)
		fprintf(stderr, "COMANDA_OTLP_URL is \"%s\": it must look like http://host:4318\n", url);
	return level_fits && url_fits;
}

/* A program that only migrates gets no other secret than the URL of the database. */
static struct setting *settings_for_migrating(const struct setting *table)
{
	size_t count = 0;

	while (table[count].name != NULL)
		count++;
	struct setting *some = mem_new(count + 1, sizeof(*some));
	for (size_t i = 0; i < count; i++) {
		some[i] = table[i];
		if (table[i].type == SET_SECRET && strcmp(table[i].name, "COMANDA_DATABASE_URL") != 0)
			some[i].fallback = "";
	}
	return some;
}

static enum status read_table(const struct program *program, bool migrating, void *ret_settings)
{
	struct setting *some = migrating ? settings_for_migrating(program->settings) : NULL;
	const enum status status = settings_read(some != NULL ? some : program->settings, ret_settings, stderr);

	free(some);
	return status;
}

static int read_settings(const struct program *program, bool migrating, void **ret_settings)
{
	void *settings = mem_new(1, program->settings_size);
	enum log_level level;

	if (read_table(program, migrating, settings) != OK) {
		fprintf(stderr, "%s: correct these settings; %s --help lists all settings\n", program->name,
			program->name);
		free(settings);
		return 2;
	}
	if (!settings_fit(program, settings, &level)) {
		free(settings);
		return 2;
	}
	log_init(program->name, level);
	*ret_settings = settings;
	return -1;
}

static void log_settings(const struct setting *table, const void *settings)
{
	size_t count = 0;
	struct arena arena;

	while (table[count].name != NULL)
		count++;
	arena_init(&arena);
	struct kv *pairs = arena_new(&arena, count + 1, sizeof *pairs);
	for (size_t i = 0; i < count; i++)
		pairs[i] = kv_text(table[i].name, setting_text(&arena, &table[i], settings));
	pairs[count] = (struct kv){.type = KV_END};
	log_line(LOG_INFO, "settings", pairs);
	arena_done(&arena);
}

int program_begin(const struct program *program, int argc, char **argv, void **ret_settings)
{
	const bool checking = argc == 2 && strcmp(argv[1], "--check") == 0;
	const bool migrating = argc == 2 && program->migrates && strcmp(argv[1], "--migrate") == 0;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		print_help(program);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("%s %s\n", program->name, COMANDA_VERSION);
		return 0;
	}
	if (argc == 2 && program->print_option != NULL && strcmp(argv[1], program->print_option) == 0) {
		program->print(stdout);
		return 0;
	}
	if (argc > 1 && !checking && !migrating) {
		fprintf(stderr, "%s: unknown argument %s; it takes --help, --version%s or --check, or nothing\n",
			program->name, argv[1], program->migrates ? ", --migrate" : "");
		return 2;
	}
	json_init();
	keep_memory_private();
	const int code = read_settings(program, migrating, ret_settings);
	if (code >= 0)
		return code;
	if (*(const bool *)(const void *)((const char *)*ret_settings + program->allow_debugger))
		(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (checking) {
		const int ready = check(program, *ret_settings);
		free(*ret_settings);
		return ready;
	}
	const sigset_t set = awaited_signals();
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	log_settings(program->settings, *ret_settings);
	process_started(program->name);
	otlp_start(text_setting(*ret_settings, program->otlp_url), program->name);
	return migrating ? PROGRAM_MIGRATE : PROGRAM_RUN;
}

void program_end(void *settings)
{
	otlp_stop();
	free(settings);
}

static void change_log_level(int step)
{
	const int level = (int)log_level_get() + step;

	if (level < LOG_DEBUG || level > LOG_ERROR)
		return;
	log_level_set((enum log_level)level);
	log_line((enum log_level)level, "log.level",
		 log_pairs(kv_text("least", log_level_name((enum log_level)level))));
}

/* Takes one signal; true: it asks to stop. */
static bool take_signal(int number)
{
	if (number == SIGUSR1)
		change_log_level(-1);
	if (number == SIGUSR2)
		change_log_level(1);
	return number == SIGTERM || number == SIGINT;
}

void program_wait(void)
{
	const sigset_t set = awaited_signals();
	int number = 0;

	while (sigwait(&set, &number) != 0 || !take_signal(number)) {
	}
	log_info("program.stopping", kv_text("signal", strsignal(number)));
}

bool program_stop_requested(int64_t wait_us)
{
	const sigset_t set = awaited_signals();
	const struct timespec wait = {wait_us / SECOND_US, (wait_us % SECOND_US) * 1000};

	const int number = sigtimedwait(&set, NULL, &wait);
	return number > 0 && take_signal(number);
}

static void end_now(int number)
{
	static const char text[] = "the program did not end in time and is ended\n";

	(void)number;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
	_exit(1);
}

void program_end_within(int64_t within_us)
{
	signal(SIGALRM, end_now);
	alarm((unsigned)(within_us / SECOND_US) + 1);
}
