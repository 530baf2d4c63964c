/* comanda token: an access token made here, with the key that svc-users signs with. For development. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "token.h"

enum { KEY_MAX = 16384 };

struct token_options {
	const char *key, *subject, *role, *ttl;
};

static int usage(const char *what)
{
	fprintf(stderr,
		"comanda: %s; usage: comanda token --key FILE --subject ID --role customer|admin [--ttl SECONDS]\n",
		what);
	return EXIT_USAGE;
}

static bool read_options(int argc, char **argv, struct token_options *ret_options)
{
	const struct {
		const char *name, **value;
	} known[] = {
		{"--key", &ret_options->key},
		{"--role", &ret_options->role},
		{"--subject", &ret_options->subject},
		{"--ttl", &ret_options->ttl},
	};

	for (int i = 0; i < argc; i += 2) {
		size_t k = 0;

		while (k < sizeof(known) / sizeof(known[0]) && strcmp(known[k].name, argv[i]) != 0)
			k++;
		if (k == sizeof(known) / sizeof(known[0]) || i + 1 == argc)
			return false;
		*known[k].value = argv[i + 1];
	}
	return ret_options->key != NULL && ret_options->subject != NULL && ret_options->role != NULL;
}

static bool read_key(const char *path, struct token_key **ret_key)
{
	char pem[KEY_MAX + 1] = "";
	FILE *file = fopen(path, "r");

	if (file == NULL) {
		perror(path);
		return false;
	}
	pem[fread(pem, 1, KEY_MAX, file)] = '\0';
	fclose(file);
	if (token_key_load(pem, ret_key) == OK)
		return true;
	fprintf(stderr, "comanda: %s holds no EC P-256 private key in PEM form\n", path);
	return false;
}

static int print_token(const struct token_key *key, const struct token_claims *claims)
{
	struct arena arena;
	const char *token;

	arena_init(&arena);
	const enum status status = token_sign(key, claims, &arena, &token);
	if (status == OK)
		puts(token);
	arena_done(&arena);
	return status == OK ? EXIT_SAME : EXIT_FAILED;
}

int run_token(int argc, char **argv)
{
	struct token_options options = {.ttl = "3600"};
	struct token_claims claims = {.issued_us = moment_now()};
	struct token_key *key;

	if (!read_options(argc, argv, &options))
		return usage("wrong arguments");
	if (uuid_parse(options.subject, strlen(options.subject), &claims.caller.user_id) != OK)
		return usage("--subject must be a user's id");
	for (claims.caller.role = CALLER_CUSTOMER; caller_role_names[claims.caller.role] != NULL; claims.caller.role++)
		if (strcmp(caller_role_names[claims.caller.role], options.role) == 0)
			break;
	if (caller_role_names[claims.caller.role] == NULL)
		return usage("--role must be customer or admin");
	char *end;
	const long ttl = strtol(options.ttl, &end, 10);
	if (*end != '\0' || ttl < 1 || ttl > 30L * 86400)
		return usage("--ttl must be between 1 and 2592000 seconds");
	claims.expires_us = claims.issued_us + ttl * SECOND_US;
	claims.caller.session_id = uuid_new(claims.issued_us);
	if (!read_key(options.key, &key))
		return EXIT_FAILED;
	const int code = print_token(key, &claims);
	token_key_free(key);
	return code;
}
