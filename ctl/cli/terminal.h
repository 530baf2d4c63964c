/* Output for a person at a terminal: errors, colours, progress, a question; and Ctrl-C. */
#ifndef CTL_CLI_TERMINAL_H
#define CTL_CLI_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

/* One line on standard error: "comanda: ...". The text says what is wrong and what to do. */
void print_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

enum tint { TINT_NONE, TINT_GOOD, TINT_BAD, TINT_NOTICE, TINT_DIM, TINT_STRONG };
/* The escape sequence that starts a colour; TINT_NONE ends it. "" where standard output is no terminal or NO_COLOR is
 * set. */
const char *tint(enum tint tint);

/* Shows how far long work is: on standard error where that is a terminal, at most five times per second. `total` 0: not
 * known. progress_end removes the line. */
void progress(const char *what, int64_t done, int64_t total);
void progress_end(void);

/* Prints a question and reads the answer; true for "yes". False where standard input is no terminal: a script passes
 * --yes. */
bool confirm(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on Ctrl-C and SIGTERM only set a flag. Loops read it with `interrupted`, and end the program cleanly. */
void interrupts_watch(void);
bool interrupted(void);

/* The columns of the terminal on standard output; 120 where it is none. */
int terminal_columns(void);
/* Prints the text and a newline. Breaks between words, so that each line fits the terminal (at most 120 columns).
 * `used`: columns of the first line that are taken already. `indent`: spaces before each further line. */
void print_wrapped(const char *text, int used, int indent);
/* How many columns `text` takes on a terminal: code points, not bytes. */
int text_columns(const char *text);

#endif
