/* Settings that have a new name. */
#ifndef CONFIG_RENAMED_H
#define CONFIG_RENAMED_H

/* A program with a value under `old_name` does not start, and its message has `new_name`. So no setting is ignored
 * silently. For a secret the names with _FILE follow from these. */
struct renamed_setting {
	const char *old_name, *new_name;
};

/* Ends with a NULL row. */
extern const struct renamed_setting renamed_settings[];

#endif
