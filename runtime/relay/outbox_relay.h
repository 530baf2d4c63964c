/* The outbox relay: a thread that sends the rows of the outbox to the broker.
 *
 * Consumers submit their rows in memory, right after their commit. A sweep twice a second leases rows that are due and
 * were not deleted. Such rows are left by a crash, by a refusal of the broker, or when the relay had too many rows in
 * memory. Rows that wait for one routing key are sent together, as a CloudEvents batch. The thread also does the
 * regular work on the database: deadlines, gauges, pruning. */
#ifndef RELAY_OUTBOX_RELAY_H
#define RELAY_OUTBOX_RELAY_H

#include "comanda/service.h"
#include "relay/admission_control.h"
#include "store/outbox.h"

struct outbox_relay;

/* Everything is borrowed until outbox_relay_stop. */
struct outbox_relay_config {
	const struct service *service;
	const struct service_settings *settings; /* the part that every service has */
	const void *program_settings;            /* all of them */
	struct admission *admission;             /* the relay lowers its count to what the database has */
};

must_check enum status outbox_relay_start(const struct outbox_relay_config *config, struct outbox_relay **ret_relay);
/* Sends what it has and waits for the confirms, at most half of the shutdown timeout. Then gives deadlines rows of
 * their own and ends the thread. */
void outbox_relay_stop(struct outbox_relay *relay);

/* Takes over a batch whose rows are committed. Clears *batch. */
void outbox_relay_submit(struct outbox_relay *relay, struct outbox_batch **batch);

/* Sends rows that are in no outbox. The batch stays the caller's, who must not touch it until outbox_relay_wait has
 * returned another status than E_TIMEOUT. */
void outbox_relay_submit_and_keep(struct outbox_relay *relay, struct outbox_batch *batch);
/* Waits at most `wait_us` for such a batch. OK: every row has arrived. E_UNAVAILABLE: not all of them have; submit it
 * again. E_TIMEOUT: not known yet; call again. */
must_check enum status outbox_relay_wait(struct outbox_relay *relay, struct outbox_batch *batch, int64_t wait_us);

bool outbox_relay_ready(const struct outbox_relay *relay);
/* Age of the oldest event that is not sent, by the last measurement. */
int64_t outbox_relay_backlog_age(const struct outbox_relay *relay);
/* Whether as many deadlines are pending as the program's setting allows (admission.max_setting). Measured every second.
 */
bool outbox_relay_at_capacity(const struct outbox_relay *relay);

#endif
