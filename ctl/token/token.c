/* comanda token: signs an access token with svc-users' private key. For development. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/terminal.h"
#include "jwt/token.h"
#include "proto/messages.h"

enum { KEY_MAX = 16384 };

struct token_options {
	const char *key, *role;
	struct uuid subject;
	int64_t ttl;
};

static int usage_error(const char *what)
{
	print_error("%s; comanda token --help", what);
	return EXIT_FAILED;
}

static bool read_key(const char *path, struct token_key **ret_key)
{
	char pem[KEY_MAX + 1] = "";
	FILE *file = fopen(path, "r");

	if (file == NULL) {
		print_error("%s: %s", path, strerror(errno));
		return false;
	}
	pem[fread(pem, 1, KEY_MAX, file)] = '\0';
	fclose(file);
	if (token_key_load(pem, comanda_contract.roles, ret_key) == OK)
		return true;
	print_error("%s holds no EC P-256 private key in PEM form", path);
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
	return status == OK ? EXIT_DONE : EXIT_FAILED;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct token_options options = {.ttl = 3600};
	struct token_claims claims = {.issued_us = timestamp_now()};
	struct token_key *key;

	if (!command_read(command, argc, argv, &options))
		return EXIT_FAILED;
	if (options.key == NULL || options.role == NULL || uuid_is_nil(&options.subject))
		return usage_error("--key, --subject and --role are needed");
	claims.caller.role = contract_role(&comanda_contract, options.role);
	if (claims.caller.role <= CALLER_NOBODY)
		return usage_error("--role must be customer or admin");
	if (options.ttl < 1 || options.ttl > 30LL * 86400)
		return usage_error("--ttl must be between 1 and 2592000 seconds");
	claims.expires_us = claims.issued_us + options.ttl * SECOND_US;
	claims.caller.user_id = options.subject;
	claims.caller.session_id = uuid_new(claims.issued_us);
	if (!read_key(options.key, &key))
		return EXIT_FAILED;
	const int code = print_token(key, &claims);
	token_key_free(key);
	return code;
}

static const struct option table[] = {
	OPTION("--key", option_text, struct token_options, key, "FILE", "svc-users' private key, PEM"),
	OPTION("--subject", option_id, struct token_options, subject, "ID", "whose token: a user's id"),
	OPTION("--role", option_text, struct token_options, role, "ROLE", "customer or admin"),
	OPTION("--ttl", option_count, struct token_options, ttl, "SECONDS", "how long it is good (3600)"),
	END_OF_OPTIONS,
};

const struct command cmd_token = {
	.name = "token",
	.meaning = "an access token, signed with svc-users' key: for development",
	.options = table,
	.run = run,
	.examples = "comanda token --key token.pem --subject 01930000-0000-7000-8000-000000000001 --role admin\n",
};
