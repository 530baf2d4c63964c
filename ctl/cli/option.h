/* The options of a command: a table of rows that says how each value is read and where it is stored. */
#ifndef CTL_CLI_OPTION_H
#define CTL_CLI_OPTION_H

#include <stddef.h>

/* Reads the text of a value into `ret_value`, whose type is the reader's. NULL: it is read. Otherwise a static text
 * that says what is wrong, to stand behind the value: "is no number". */
typedef const char *option_reader(const char *text, void *ret_value);

/* Readers, each with the type that it fills. */
option_reader option_flag;   /* bool: true. A flag has no value */
option_reader option_text;   /* const char *: borrowed from the command line */
option_reader option_count;  /* int64_t: 0 or more */
option_reader option_limit;  /* int64_t: 1 or more */
option_reader option_id;     /* struct uuid */
option_reader option_period; /* int64_t, microseconds: "500ms", "10s", "5m", "2h", "7d" */

/* The first characters of a name say what the row is. "--x" is an option that may be given. "X" is an argument that
 * must be given. "[X]" is an argument that may be given. Arguments come in the order of the rows. */
struct option {
	const char *name; /* NULL: the end of the table */
	option_reader *read;
	size_t offset;       /* of the member in the command's struct of options */
	const char *value;   /* name of the value in --help; NULL for a flag or an argument */
	const char *meaning; /* one line */
};

/* One row. `type_` is the command's struct of options, `member_` the member that `read_` fills. */
#define OPTION(name_, read_, type_, member_, value_, meaning_)                                                         \
	{                                                                                                              \
		.name = (name_), .read = (read_), .offset = offsetof(type_, member_), .value = (value_),               \
		.meaning = (meaning_)                                                                                  \
	}
/* The row that most commands have. The struct has a member `bool json`. */
#define JSON_OPTION(type_) OPTION("--json", option_flag, type_, json, NULL, "JSON for programs: one object per line")
#define END_OF_OPTIONS                                                                                                 \
	{                                                                                                              \
		.name = NULL                                                                                           \
	}

#endif
