/* RabbitMQ's management API (https://www.rabbitmq.com/docs/management#http-api), by libcurl. */
#ifndef CTL_LIB_MANAGEMENT_H
#define CTL_LIB_MANAGEMENT_H

#include "json/json.h"

struct management;

/* From COMANDA_MANAGEMENT_URL and COMANDA_VHOST; says on standard error what is missing, and returns NULL. */
struct management *management_open(void);
void management_close(struct management *management);
const char *management_vhost(const struct management *management);
const char *management_user(const struct management *management);

/* Asks. `path` comes after /api/; write {vhost} where the (encoded) virtual host belongs. `body` NULL: none. Returns
 * the HTTP status, 0 where the broker could not be reached; the answer's text lives until the next call. */
int management_call(struct management *management, const char *method, const char *path, const char *body);
const char *management_answer(const struct management *management);

/* GET, parsed into the arena; NULL where it is not there, or after saying on standard error what went wrong. */
const struct json *management_get(struct management *management, const char *path, struct arena *arena);

/* A name as it must stand in a path. In the arena. */
const char *management_encode(struct management *management, const char *name, struct arena *arena);

#endif
