/* Parsing with cJSON into an arena, and access to values. */
#include "json/json.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "core/hash.h"
#include "json/grammar.h"
#include "json/value.h"

/* The arena of cJSON's allocations while this thread parses. At other times cJSON allocates nothing. */
static _Thread_local struct arena *parsing_in;
static _Atomic bool initialised;

static void *arena_malloc(size_t size)
{
	return parsing_in != NULL ? arena_new(parsing_in, 1, size) : mem_new(1, size);
}

static void arena_no_free(void *memory)
{
	if (parsing_in == NULL)
		free(memory);
}

void json_init(void)
{
	cJSON_Hooks hooks = {.malloc_fn = arena_malloc, .free_fn = arena_no_free};

	cJSON_InitHooks(&hooks);
	initialised = true;
}

static const cJSON *dom(const struct json *json)
{
	return (const cJSON *)(const void *)json;
}

static const struct json *opaque(const cJSON *item)
{
	return (const struct json *)(const void *)item;
}

/* ---- checks after parsing ---- */

static int compare_names(const void *a, const void *b)
{
	const cJSON *const *first = a, *const *second = b;

	return strcmp((*first)->string, (*second)->string);
}

enum { FEW = 24 };

/* For few members: if no two hashes are equal, no two names are. */
static bool surely_distinct(const cJSON *object, int count)
{
	uint32_t hashes[FEW];
	int found = 0;
	bool twice = false;

	if (count > FEW)
		return false;
	for (const cJSON *member = object->child; member != NULL; member = member->next) {
		const uint32_t hash = (uint32_t)fnv_text(FNV_START, member->string);

		for (int i = 0; i < found; i++)
			twice |= hashes[i] == hash;
		hashes[found++] = hash;
	}
	return !twice;
}

/* By sorting: hostile names cost at most n log n. */
static const char *duplicate_name(const cJSON *object, int count, struct arena *arena)
{
	if (surely_distinct(object, count))
		return NULL;
	const cJSON **members = arena_new(arena, (size_t)count, sizeof(cJSON *));
	int found = 0;

	for (const cJSON *member = object->child; member != NULL; member = member->next)
		members[found++] = member;
	qsort(members, (size_t)count, sizeof(cJSON *), compare_names);
	for (int i = 1; i < count; i++)
		if (strcmp(members[i - 1]->string, members[i]->string) == 0)
			return members[i]->string;
	return NULL;
}

/* Stores the items of an array by index, and their count, in fields that cJSON does not use for arrays. cJSON itself
 * walks from the first item each time. */
static void index_items(cJSON *array, int count, struct arena *arena)
{
	const cJSON **items = arena_new(arena, (size_t)count, sizeof(cJSON *));

	array->valuestring = (char *)items;
	array->valueint = count;
	for (const cJSON *item = array->child; item != NULL; item = item->next)
		*items++ = item;
}

/* Returns the fault, or NULL. The recursion is limited, because the depth was checked. */
static const char *finish(cJSON *item, struct arena *arena)
{
	const char *fault = NULL, *name = NULL;
	int count = 0;

	if (cJSON_IsNumber(item) && !isfinite(item->valuedouble))
		return "a number is too large";
	for (cJSON *child = item->child; child != NULL && fault == NULL; child = child->next, count++)
		fault = finish(child, arena);
	if (fault != NULL)
		return fault;
	if (cJSON_IsArray(item))
		index_items(item, count, arena);
	else if (count > 1)
		name = duplicate_name(item, count, arena);
	return name != NULL ? arena_format(arena, "the field \"%.100s\" is there twice", name) : NULL;
}

static enum status malformed(struct faults *faults, struct arena *arena, struct span text, size_t offset,
			     const char *fault)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < offset; i++) {
		column = text.bytes[i] == '\n' ? 1 : column + 1;
		line += text.bytes[i] == '\n';
	}
	faults_add(faults, arena, "", "is not JSON that can be read: line %zu, byte %zu: %s", line, column, fault);
	return E_MALFORMED;
}

enum status json_parse(struct arena *arena, struct span text, struct faults *faults, const struct json **ret_json)
{
	size_t offset = 0;
	const char *fault = NULL;
	cJSON *root = NULL;

	assert(initialised);
	if (text.bytes == NULL)
		text = span_of("");
	fault = json_check(text, JSON_DEPTH_MAX, &offset);
	if (fault != NULL)
		return malformed(faults, arena, text, offset, fault);
	parsing_in = arena;
	root = cJSON_ParseWithLengthOpts(text.bytes, text.size, NULL, false);
	parsing_in = NULL;
	fault = root != NULL ? finish(root, arena) : "cannot be read";
	if (fault != NULL) {
		faults_add(faults, arena, "", "is not JSON that can be read: %s", fault);
		return E_MALFORMED;
	}
	*ret_json = opaque(root);
	return OK;
}

/* ---- access to values ---- */

enum json_type json_type(const struct json *json)
{
	const cJSON *item = dom(json);

	if (cJSON_IsString(item))
		return JSON_TEXT;
	if (cJSON_IsNumber(item))
		return JSON_NUMBER;
	if (cJSON_IsObject(item))
		return JSON_OBJECT;
	if (cJSON_IsArray(item))
		return JSON_ARRAY;
	return cJSON_IsBool(item) ? JSON_BOOL : JSON_NULL;
}

bool json_truth(const struct json *json)
{
	return cJSON_IsTrue(dom(json));
}

double json_number(const struct json *json)
{
	return dom(json)->valuedouble;
}

const struct json *json_first(const struct json *json)
{
	return opaque(dom(json)->child);
}

const struct json *json_next(const struct json *json)
{
	return opaque(dom(json)->next);
}

const char *json_name(const struct json *member)
{
	return dom(member)->string;
}

int json_count(const struct json *json)
{
	return cJSON_IsArray(dom(json)) ? dom(json)->valueint : -1;
}

const struct json *json_item(const struct json *json, int index)
{
	const cJSON *array = dom(json);

	assert(cJSON_IsArray(array) && index >= 0 && index < array->valueint);
	return opaque(((const cJSON *const *)(const void *)array->valuestring)[index]);
}

const struct json *json_member(const struct json *json, const char *name)
{
	if (!cJSON_IsObject(dom(json)))
		return NULL;
	for (const cJSON *member = dom(json)->child; member != NULL; member = member->next)
		if (strcmp(member->string, name) == 0)
			return opaque(member);
	return NULL;
}

const char *json_text(const struct json *json)
{
	return cJSON_IsString(dom(json)) ? dom(json)->valuestring : NULL;
}
