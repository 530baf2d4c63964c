/* The admin port, on loopback unless a setting says otherwise: /healthz (the process lives), /readyz (it can do its
 * work), /metrics (Prometheus). */
#ifndef SERVICE_ADMIN_PORT_H
#define SERVICE_ADMIN_PORT_H

#include "core/memory.h"
#include "core/status.h"

struct admin_port;

/* `ready` says whether the program can do its work; where it cannot, it puts one line a reason into `why`. */
must_check enum status admin_port_start(const char *address, int port, bool (*ready)(void *context, struct buffer *why),
					void *context, struct admin_port **ret_admin);
int admin_port_number(const struct admin_port *admin);
void admin_port_stop(struct admin_port *admin);

#endif
