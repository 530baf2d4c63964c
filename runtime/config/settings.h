/* Settings: from the environment, by one table per program. All faults are reported at once. */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include <stdio.h>

#include "core/schema.h"

enum setting_type {
	SET_TEXT,     /* const char * */
	SET_SECRET,   /* const char *, never shown; also read from the file that NAME_FILE names */
	SET_INT,      /* int64_t within [min, max] */
	SET_BOOL,     /* bool: on, off, true, false, 1, 0 */
	SET_DURATION, /* int64_t microseconds: "250ms", "2s", "10m", "24h", "7d"; min and max in microseconds */
	SET_PORT      /* int64_t 1 to 65535; 0 where the default is 0: any free port */
};

struct setting {
	const char *name; /* "COMANDA_..." */
	enum setting_type type;
	size_t offset;        /* into the program's settings struct */
	const char *fallback; /* the default, as text; NULL: it must be given */
	int64_t min, max;     /* SET_INT, SET_DURATION */
	const char *meaning;  /* one line for --help */
};

/* A row of a table: its value goes into `member_` of `struct_`. min_ and max_ are 0 where the type has no bounds. */
#define SETTING(name_, type_, struct_, member_, fallback_, min_, max_, meaning_)                                       \
	{                                                                                                              \
		.name = (name_), .type = (type_), .offset = offsetof(struct_, member_), .fallback = (fallback_),       \
		.min = (min_), .max = (max_), .meaning = (meaning_)                                                    \
	}

/* Reads every setting of the table (ends with a NULL name) into `ret_settings`. Texts live until the program ends.
 * E_INVALID after writing one line per fault to `complaints`: what is wrong, where, how to mend it. A value under the
 * old name of a setting of the table (config/renamed.h) is a fault as well. */
must_check enum status settings_read(const struct setting *table, void *ret_settings, FILE *complaints);
/* Frees those texts, for a test that reads settings again and again. */
void settings_forget(void);
/* The table as --help shows it. */
void settings_help(const struct setting *table, FILE *out);
/* The effective value of one setting as text, with secrets and passwords in URLs masked. NULL for a NULL text. The text
 * lives in `arena`, or is the setting's own. */
const char *setting_text(struct arena *arena, const struct setting *setting, const void *settings);

#endif
