/* Field tables as lines. */
#include "proto/reference_lines.h"

#include <stdio.h>

enum { PATH_SIZE = 200 };

static const char *type_text(enum field_type type)
{
	static const char *const texts[] = {
		[F_TEXT] = "text",           [F_INT] = "integer", [F_BOOL] = "boolean",  [F_UUID] = "UUID",
		[F_TIMESTAMP] = "time",      [F_ENUM] = "one of", [F_OBJECT] = "object", [F_ARRAY] = "array",
		[F_TEXTS] = "array of text", [F_JSON] = "JSON"};

	return texts[type];
}

static void print_rules(unsigned rules)
{
	static const struct {
		unsigned rule;
		const char *text;
	} texts[] = {{REQUIRED, "required"}, {NULLABLE, "nullable"},   {LOWER, "lower-case"},
		     {TRIMMED, "trimmed"},   {PRINTABLE, "printable"}, {SECRET, "secret"}};
	const char *before = "\t";

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if ((rules & texts[i].rule) == 0)
			continue;
		printf("%s%s", before, texts[i].text);
		before = " ";
	}
	if (*before == '\t')
		putchar('\t');
}

static void print_bounds(const struct field *field)
{
	if (field->min == 0 && field->max == 0)
		printf("\t\t");
	else
		printf("\t%lld\t%lld", (long long)field->min, (long long)field->max);
}

static void print_values(const struct field *field)
{
	const char *before = "";

	printf("\t%s", field->format != NULL ? field->format : "");
	for (size_t i = 0; field->names != NULL && field->names[i] != NULL; i++) {
		printf("%s%s", before, field->names[i]);
		before = " ";
	}
	putchar('\n');
}

static void print_fields(const char *kind, const char *owner, const char *above, const struct schema *schema)
{
	char path[PATH_SIZE];

	for (const struct field *field = schema->fields; field->name != NULL; field++) {
		(void)snprintf(path, sizeof(path), "%s%s%s", above, field->name, field->type == F_ARRAY ? "[]" : "");
		printf("%s\t%s\t%s\t%s", kind, owner, path, type_text(field->type));
		print_rules(field->rules);
		print_bounds(field);
		print_values(field);
		if (field->of == NULL)
			continue;
		(void)snprintf(path, sizeof(path), "%s%s%s.", above, field->name, field->type == F_ARRAY ? "[]" : "");
		print_fields(kind, owner, path, field->of);
	}
}

void reference_fields(const char *kind, const char *owner, const struct schema *schema)
{
	if (schema != NULL)
		print_fields(kind, owner, "", schema);
}

int reference_end(void)
{
	return fflush(stdout) != 0 || ferror(stdout) ? 1 : 0;
}
