/* A client of RabbitMQ's management API (https://www.rabbitmq.com/docs/management#http-api). */
#ifndef CTL_LIB_MANAGEMENT_H
#define CTL_LIB_MANAGEMENT_H

#include "json/json.h"

struct management;

/* Reads COMANDA_MANAGEMENT_URL and COMANDA_VHOST. NULL after an error message. */
struct management *management_open(void);
void management_close(struct management *management);
const char *management_vhost(const struct management *management);
const char *management_user(const struct management *management);

/* Sends one request. `path` comes after /api/ and may contain {vhost}, which is replaced by the encoded virtual host.
 * `body` NULL: none. Returns the HTTP status; 0 after an error message: the API is unreachable. The answer's text lives
 * until the next call. */
int management_call(struct management *management, const char *method, const char *path, const char *body);
const char *management_answer(const struct management *management);

/* GET, parsed into the arena. NULL where the object does not exist, or after an error message. */
const struct json *management_get(struct management *management, const char *path, struct arena *arena);

/* The name, percent-encoded for a path, in the arena. */
const char *management_encode(struct management *management, const char *name, struct arena *arena);

#endif
