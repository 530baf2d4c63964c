/* What a person sees: complaints, colours, progress, a question. */
#ifndef CTL_CLI_TERMINAL_H
#define CTL_CLI_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

/* One line on standard error: "comanda: ...". It says what was wrong and what to do. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

enum tint { TINT_NONE, TINT_GOOD, TINT_BAD, TINT_NOTICE, TINT_DIM, TINT_STRONG };
/* The escape sequence that starts a colour, "" where standard output is no terminal or NO_COLOR is set. TINT_NONE ends
 * it. */
const char *tint(enum tint tint);

/* Long work says how far it is, on standard error where that is a terminal, five times a second at most. `total` 0: not
 * known. progress_end takes the line away. */
void progress(const char *what, int64_t done, int64_t total);
void progress_end(void);

/* Asks for a "yes"; false where standard input is no terminal: a script says --yes. */
bool confirmed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on Ctrl-C and SIGTERM end the program in good order: loops look at `interrupted`. */
void interrupts_watch(void);
bool interrupted(void);

/* How wide standard output is: a terminal's columns, 120 where it is none. */
int terminal_columns(void);
/* How many columns `text` takes on a terminal: code points, not bytes. */
int text_columns(const char *text);

#endif
