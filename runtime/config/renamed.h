/* Settings that had another name once. */
#ifndef CONFIG_RENAMED_H
#define CONFIG_RENAMED_H

/* A program that is given a value under `old_name` does not start and names `new_name`: nobody loses a setting
 * silently. For a secret the names with _FILE follow from these. */
struct renamed_setting {
	const char *old_name, *new_name;
};

/* Ends with a NULL row. */
extern const struct renamed_setting renamed_settings[];

#endif
