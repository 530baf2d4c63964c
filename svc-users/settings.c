/* The settings of svc-users, as --help shows them. */
#include "users/settings.h"

/* clang-format off */
#define ROW(name_, type_, ...) SETTING(name_, type_, struct users_settings, __VA_ARGS__)

const struct setting users_settings_table[] = {
	ROW("COMANDA_ACCESS_TOKEN_TTL",     SET_DURATION, tokens.access_us,         "15m", 10 * SECOND_US, DAY_US,       "how long an access token is valid"),
	SERVICE_SETTINGS(struct users_settings),
	ROW("COMANDA_FIRST_ADMIN_EMAIL",    SET_SECRET,   first_admin.email,        "",    0,              0,            "made an admin at start if no account has this address; empty: none"),
	ROW("COMANDA_FIRST_ADMIN_PASSWORD", SET_SECRET,   first_admin.password,     "",    0,              0,            "the first admin's password, 8 to 256 bytes; change it after the first sign-in"),
	ROW("COMANDA_REFRESH_TOKEN_TTL",    SET_DURATION, tokens.refresh_us,        "30d", MINUTE_US,      400 * DAY_US, "how long a refresh token is valid"),
	ROW("COMANDA_TOKEN_KEY",            SET_SECRET,   tokens.key_pem,           NULL,  0,              0,            "PEM of the EC P-256 private key that signs access tokens"),
	ROW("COMANDA_TOKEN_KEY_SECONDARY",  SET_SECRET,   tokens.secondary_key_pem, "",    0,              0,            "PEM of a key that is in the JWKS and does not sign: the next or the previous key of a rotation"),
	{0},
};
/* clang-format on */
