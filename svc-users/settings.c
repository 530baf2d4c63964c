/* The settings of svc-users. */
#include "users/settings.h"

#include "telemetry/log.h"
#include "users/service.h"

#define ROW(name_, type_, member_, ...)                                                                                \
	{                                                                                                              \
		name_, type_, offsetof(struct users_settings, member_), __VA_ARGS__                                    \
	}

const struct setting users_settings_table[] = {
	/* clang-format off */
	ROW("COMANDA_ACCESS_TOKEN_TTL",     SET_DURATION, access_token_us,      "15m", 10 * SECOND_US, DAY_US,
	    "lifetime of an access token"),
	SERVICE_SETTINGS(struct users_settings),
	ROW("COMANDA_FIRST_ADMIN_EMAIL",    SET_SECRET,   first_admin_email,    "", 0, 0,
	    "an admin with this address is created at the start if the address is not registered; empty: nobody"),
	ROW("COMANDA_FIRST_ADMIN_PASSWORD", SET_SECRET,   first_admin_password, "", 0, 0,
	    "password of the first admin, 8 to 256 bytes; change it after the first sign-in"),
	ROW("COMANDA_REFRESH_TOKEN_TTL",    SET_DURATION, refresh_token_us,     "30d", MINUTE_US, 400 * DAY_US,
	    "lifetime of a refresh token"),
	ROW("COMANDA_TOKEN_KEY",            SET_SECRET,   token_key,            NULL, 0, 0,
	    "PEM of the EC P-256 private key that signs access tokens"),
	ROW("COMANDA_TOKEN_KEY_SECONDARY",      SET_SECRET,   token_key_other,      "", 0, 0,
	    "PEM of a key in the JWKS that does not sign: the next or the previous one of a rotation"),
	{.name = NULL},
	/* clang-format on */
};

static enum status load_key(const char *name, const char *pem, struct token_key **ret_key)
{
	const enum status status = token_key_load(pem, ret_key);

	if (status != OK)
		log_error("settings.key", kv_text("setting", name),
			  kv_text("detail", "this is no PEM of an EC P-256 private key: make one with "
					    "`openssl ecparam -name prime256v1 -genkey -noout`"));
	return status;
}

enum status users_keys_load(struct users_settings *settings)
{
	enum status status = OK;

	if (settings->signing_key == NULL)
		status = load_key("COMANDA_TOKEN_KEY", settings->token_key, &settings->signing_key);
	if (status != OK || settings->token_key_other[0] == '\0' || settings->other_key != NULL)
		return status;
	return load_key("COMANDA_TOKEN_KEY_SECONDARY", settings->token_key_other, &settings->other_key);
}

void users_keys_free(struct users_settings *settings)
{
	token_key_free(settings->signing_key);
	token_key_free(settings->other_key);
}
