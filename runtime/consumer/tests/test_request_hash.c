/* The hash of a request: what makes two requests the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "consumer/request_hash.h"
#include "core/schema.h"

struct registration {
	const char *email, *password;
};

static const struct field fields[] = {field_text(struct registration, email, REQUIRED, 1, 100),
				      field_text(struct registration, password, SECRET, 1, 100), field_end};
static const struct schema schema = {.name = "registration", .size = sizeof(struct registration), .fields = fields};
static const struct message_type type = {.name = "test.register", .kind = REQUEST, .version = 1, .schema = &schema};

static struct uuid hash_of(const char *secret, const char *email, const char *password)
{
	const struct registration body = {email, password};
	const struct message message = {.body = &body};
	const struct request_key key = request_key_of(secret);
	struct buffer scratch;

	buffer_init(&scratch);
	const struct uuid hash = request_hash(&key, &type, &message, &scratch);
	buffer_done(&scratch);
	return hash;
}

static bool is_same(struct uuid a, struct uuid b)
{
	return uuid_equal(&a, &b);
}

static void a_request_with_another_secret_is_another_request(void **state)
{
	(void)state;
	assert_true(is_same(hash_of("key", "ann", "one"), hash_of("key", "ann", "one")));
	assert_false(is_same(hash_of("key", "ann", "one"), hash_of("key", "ann", "two")));
	assert_false(is_same(hash_of("key", "ann", "one"), hash_of("key", "ann", NULL)));
	assert_false(is_same(hash_of("key", "ann", "one"), hash_of("key", "bob", "one")));
}

static void a_secret_cannot_be_tried_without_the_key(void **state)
{
	(void)state;
	assert_false(is_same(hash_of("key", "ann", "one"), hash_of("other key", "ann", "one")));
	assert_true(is_same(hash_of("key", "ann", NULL), hash_of("other key", "ann", NULL)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_with_another_secret_is_another_request),
		cmocka_unit_test(a_secret_cannot_be_tried_without_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
