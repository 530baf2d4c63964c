/* Writes to a terminal, and watches for signals. */
#include "ctl/cli/terminal.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/timestamp.h"

void print_error(const char *format, ...)
{
	va_list values;

	progress_end();
	fflush(stdout);
	fputs("comanda: ", stderr);
	va_start(values, format);
	vfprintf(stderr, format, values);
	va_end(values);
	fputc('\n', stderr);
}

const char *tint(enum tint tint)
{
	static const char *const sequences[] = {
		[TINT_NONE] = "\033[0m",    [TINT_GOOD] = "\033[32m", [TINT_BAD] = "\033[31m",
		[TINT_NOTICE] = "\033[33m", [TINT_DIM] = "\033[2m",   [TINT_STRONG] = "\033[1m",
	};
	const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if (!isatty(STDOUT_FILENO) || (no_colour != NULL && *no_colour != '\0') ||
	    (terminal != NULL && strcmp(terminal, "dumb") == 0))
		return "";
	return sequences[tint];
}

/* ---- progress ---- */

static int64_t progress_next;
static bool progress_shown;

void progress(const char *what, int64_t done, int64_t total)
{
	const int64_t now = monotonic_now();

	if (progress_next == 0)
		progress_next = now + 500 * MS_US; /* short work shows no progress */
	if (now < progress_next || !isatty(STDERR_FILENO))
		return;
	progress_next = now + 200 * MS_US;
	progress_shown = true;
	if (total > 0)
		fprintf(stderr, "\r%s: %lld of %lld, %lld %%\033[K", what, (long long)done, (long long)total,
			(long long)(done * 100 / total));
	else
		fprintf(stderr, "\r%s: %lld\033[K", what, (long long)done);
}

void progress_end(void)
{
	if (progress_shown)
		fprintf(stderr, "\r\033[K");
	progress_shown = false;
}

bool confirm(const char *format, ...)
{
	char answer[16] = "";
	va_list values;

	if (!isatty(STDIN_FILENO))
		return false;
	va_start(values, format);
	vfprintf(stderr, format, values);
	va_end(values);
	fputs(" Type yes to go on: ", stderr);
	return fgets(answer, sizeof(answer), stdin) != NULL && strcmp(answer, "yes\n") == 0;
}

/* ---- Ctrl-C ---- */

static volatile sig_atomic_t signalled;

static void take_signal(int number)
{
	(void)number;
	signalled = 1;
}

void interrupts_watch(void)
{
	signal(SIGINT, take_signal);
	signal(SIGTERM, take_signal);
}

bool interrupted(void)
{
	return signalled != 0;
}

int terminal_columns(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return 120;
	return size.ws_col;
}

int text_columns(const char *text)
{
	int columns = 0;

	for (; *text != '\0'; text++)
		columns += (*text & 0xc0) != 0x80;
	return columns;
}

void print_wrapped(const char *text, int used, int indent)
{
	const int width = terminal_columns() < 120 ? terminal_columns() : 120;
	int column = used;

	for (const char *word = text; *word != '\0';) {
		const int size = (int)strcspn(word, " ");

		if (column > used && column + 1 + size > width) {
			printf("\n%*s", indent, "");
			column = used = indent;
		} else if (word > text) {
			putchar(' ');
			column++;
		}
		printf("%.*s", size, word);
		column += size;
		word += size;
		while (*word == ' ')
			word++;
	}
	putchar('\n');
}
