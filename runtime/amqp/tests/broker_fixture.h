/* A new virtual host in a real RabbitMQ, created and removed through its management API.
 *
 * COMANDA_TEST_BROKER_URL       amqp://user:password@host:port/anything
 * COMANDA_TEST_MANAGEMENT_URL   http://user:password@host:port, of the same user, an administrator
 * COMANDA_TEST_RABBITMQCTL      optional: the command that reaches its node; without it, alarms are not tested */
#ifndef AMQP_TESTS_BROKER_FIXTURE_H
#define AMQP_TESTS_BROKER_FIXTURE_H

#include "amqp/broker.h"

enum { FIXTURE_SKIPPED = 77 };

/* False, with a message on standard error: there is no RabbitMQ for the test. */
bool fixture_open(const char *name);
void fixture_close(void);
/* The broker's URL with the virtual host. */
const char *fixture_url(void);

/* Asks the management API ("%s" in `path` is the virtual host); returns the HTTP status. `ret_answer` may be NULL. */
long management(const char *method, const char *path, const char *body, struct buffer *ret_answer);
void declare_queue(const char *name, const char *arguments); /* `arguments`: a JSON object */
void delete_queue(const char *name);
void declare_exchange(const char *name, const char *type);
void bind_queue(const char *exchange, const char *queue, const char *routing_key);
/* Waits until the connection named `name` is known to the management API, then has it closed. */
void close_connection(const char *name);
/* Runs `rabbitmqctl ARGUMENTS`; false: it cannot be run. */
bool rabbitmqctl(const char *arguments);

/* Connects, or fails the test. */
struct broker *connected_broker(const char *consumer, bool confirms);

#endif
