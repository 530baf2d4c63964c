/* Deliveries that arrived while their owner waited for something else, oldest first. No I/O. */
#ifndef AMQP_DELIVERY_QUEUE_H
#define AMQP_DELIVERY_QUEUE_H

#include "amqp/broker.h"

struct queued_delivery;

struct delivery_queue {
	struct queued_delivery *oldest, *newest;
	struct queued_delivery *spare; /* receives the next event, of any kind */
};

void delivery_queue_init(struct delivery_queue *queue);
void delivery_queue_done(struct delivery_queue *queue);
/* Drops all deliveries. */
void delivery_queue_clear(struct delivery_queue *queue);
bool delivery_queue_is_empty(const struct delivery_queue *queue);

/* An empty arena for the next event. It is reset by each call, unless delivery_queue_push was called in between. */
struct arena *delivery_queue_arena(struct delivery_queue *queue);
/* Appends a delivery whose memory is in that arena. */
void delivery_queue_push(struct delivery_queue *queue, const struct delivery *delivery);
/* Takes the oldest delivery, copied into `arena`. False: there is none. */
bool delivery_queue_pop(struct delivery_queue *queue, struct arena *arena, struct delivery *ret_delivery);

#endif
