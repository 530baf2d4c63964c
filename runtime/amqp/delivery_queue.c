/* A list of deliveries, each with an arena of its own. */
#include "amqp/delivery_queue.h"

struct queued_delivery {
	struct arena arena;
	struct delivery delivery;
	struct queued_delivery *next;
};

static struct queued_delivery *queued_new(void)
{
	struct queued_delivery *queued = mem_new(1, sizeof(*queued));

	arena_init(&queued->arena);
	return queued;
}

static void queued_free(struct queued_delivery *queued)
{
	arena_done(&queued->arena);
	free(queued);
}

void delivery_queue_init(struct delivery_queue *queue)
{
	*queue = (struct delivery_queue){.spare = queued_new()};
}

void delivery_queue_done(struct delivery_queue *queue)
{
	delivery_queue_clear(queue);
	queued_free(queue->spare);
}

static void remove_oldest(struct delivery_queue *queue)
{
	struct queued_delivery *oldest = queue->oldest;

	queue->oldest = oldest->next;
	if (queue->oldest == NULL)
		queue->newest = NULL;
	queued_free(oldest);
}

void delivery_queue_clear(struct delivery_queue *queue)
{
	while (queue->oldest != NULL)
		remove_oldest(queue);
}

bool delivery_queue_is_empty(const struct delivery_queue *queue)
{
	return queue->oldest == NULL;
}

struct arena *delivery_queue_arena(struct delivery_queue *queue)
{
	arena_reset(&queue->spare->arena);
	return &queue->spare->arena;
}

void delivery_queue_push(struct delivery_queue *queue, const struct delivery *delivery)
{
	struct queued_delivery *queued = queue->spare;

	queued->delivery = *delivery;
	if (queue->newest != NULL)
		queue->newest->next = queued;
	else
		queue->oldest = queued;
	queue->newest = queued;
	queue->spare = queued_new();
}

static struct delivery copy_delivery(const struct delivery *from, struct arena *arena)
{
	struct delivery copy = *from;
	struct broker_header *headers = arena_new(arena, (size_t)from->header_count, sizeof(*headers));

	for (int i = 0; i < from->header_count; i++) {
		headers[i] = from->headers[i];
		headers[i].name = arena_text(arena, from->headers[i].name);
		headers[i].text = arena_text(arena, from->headers[i].text);
	}
	copy.headers = headers;
	copy.exchange = arena_text(arena, from->exchange);
	copy.routing_key = arena_text(arena, from->routing_key);
	copy.content_type = arena_text(arena, from->content_type);
	copy.type = arena_text(arena, from->type);
	copy.user_id = arena_text(arena, from->user_id);
	copy.message_id = arena_text(arena, from->message_id);
	copy.correlation_id = arena_text(arena, from->correlation_id);
	copy.reply_to = arena_text(arena, from->reply_to);
	copy.body.bytes = arena_copy(arena, from->body.bytes, from->body.size);
	return copy;
}

bool delivery_queue_pop(struct delivery_queue *queue, struct arena *arena, struct delivery *ret_delivery)
{
	if (queue->oldest == NULL)
		return false;
	*ret_delivery = copy_delivery(&queue->oldest->delivery, arena);
	remove_oldest(queue);
	return true;
}
