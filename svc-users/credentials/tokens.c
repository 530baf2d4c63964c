/* Access tokens and refresh tokens. */
#include "users/credentials/tokens.h"

#include "users/credentials/credentials.h"

static enum status load_key(const char *name, const char *pem, struct token_key **ret_key)
{
	const enum status status = token_key_load(pem, comanda_contract.roles, ret_key);

	if (status != OK)
		log_error("settings.key", kv_text("setting", name),
			  kv_text("detail", "this is no PEM of an EC P-256 private key: make one with "
					    "`openssl ecparam -name prime256v1 -genkey -noout`"));
	return status;
}

enum status tokens_load_keys(struct token_settings *settings)
{
	enum status status = OK;

	if (settings->signing_key == NULL)
		status = load_key("COMANDA_TOKEN_KEY", settings->key_pem, &settings->signing_key);
	if (status != OK || settings->secondary_key_pem[0] == '\0' || settings->secondary_key != NULL)
		return status;
	return load_key("COMANDA_TOKEN_KEY_SECONDARY", settings->secondary_key_pem, &settings->secondary_key);
}

void tokens_free_keys(struct token_settings *settings)
{
	token_key_free(settings->signing_key);
	token_key_free(settings->secondary_key);
}

const char *tokens_jwks(const struct token_settings *settings, struct arena *arena)
{
	const struct token_key *secondary = settings->secondary_key;

	return arena_format(arena, "[%s%s%s]", token_key_jwk(settings->signing_key), secondary == NULL ? "" : ",",
			    secondary == NULL ? "" : token_key_jwk(secondary));
}

enum status tokens_issue(const struct token_settings *settings, const struct caller *caller, struct arena *arena,
			 struct issued_tokens *ret_issued)
{
	struct token_view *view = arena_new(arena, 1, sizeof(*view));
	const int64_t now_us = timestamp_now();
	const struct token_claims claims = {
		.caller = *caller,
		.issued_us = now_us,
		.expires_us = now_us + settings->access_us,
	};

	view->token_type = "Bearer";
	view->expires_in = settings->access_us / SECOND_US;
	view->refresh_token = refresh_token_new(&caller->session_id, arena);
	*ret_issued = (struct issued_tokens){
		.session_id = caller->session_id,
		.hash = refresh_token_hash(view->refresh_token),
		.lifetime_us = settings->refresh_us,
		.view = view,
	};
	return token_sign(settings->signing_key, &claims, arena, &view->access_token);
}
