/* A ring buffer of publications, indexed by sequence. */
#include "amqp/confirms.h"

#include "core/hash.h"

#include <string.h>

enum entry_state {
	WAITING,
	WAITING_RETURNED, /* returned; its ack follows */
	READY,            /* confirmed */
	TAKEN             /* by the owner, or lost with its channel */
};

struct pending_confirm {
	uint64_t id_hash;
	enum entry_state state;
	enum confirm_kind kind;
};

enum { ROOM_LEAST = 64 };

static struct pending_confirm *entry_at(const struct confirms *confirms, uint64_t sequence)
{
	return &confirms->ring[sequence & (confirms->room - 1)];
}

void confirms_init(struct confirms *confirms)
{
	*confirms = (struct confirms){.room = ROOM_LEAST, .first = 1, .next = 1, .waiting = 1};
	confirms->ring = mem_new(confirms->room, sizeof(*confirms->ring));
}

void confirms_done(struct confirms *confirms)
{
	free(confirms->ring);
	confirms->ring = NULL;
}

static void enlarge(struct confirms *confirms)
{
	struct confirms larger = *confirms;

	larger.room *= 2;
	larger.ring = mem_new(larger.room, sizeof(*larger.ring));
	for (uint64_t i = confirms->first; i < confirms->next; i++)
		*entry_at(&larger, i) = *entry_at(confirms, i);
	free(confirms->ring);
	*confirms = larger;
}

uint64_t confirms_sent(struct confirms *confirms, const char *message_id)
{
	if (confirms->next - confirms->first == confirms->room)
		enlarge(confirms);
	*entry_at(confirms, confirms->next) = (struct pending_confirm){.id_hash = fnv_text(FNV_START, message_id)};
	return confirms->next++;
}

static bool is_waiting(const struct pending_confirm *entry)
{
	return entry->state == WAITING || entry->state == WAITING_RETURNED;
}

static void settle_one(struct confirms *confirms, uint64_t sequence, enum confirm_kind kind)
{
	struct pending_confirm *entry = entry_at(confirms, sequence);

	if (!is_waiting(entry))
		return;
	entry->kind = entry->state == WAITING_RETURNED ? CONFIRM_RETURNED : kind;
	entry->state = READY;
	confirms->ready++;
}

static void pass_settled(struct confirms *confirms)
{
	while (confirms->waiting < confirms->next && !is_waiting(entry_at(confirms, confirms->waiting)))
		confirms->waiting++;
}

void confirms_settle(struct confirms *confirms, uint64_t tag, bool multiple, enum confirm_kind kind)
{
	uint64_t last = tag == 0 ? confirms->next - 1 : confirms->base + tag;

	if (last >= confirms->next || last < confirms->waiting)
		return;
	for (uint64_t i = multiple ? confirms->waiting : last; i <= last; i++)
		settle_one(confirms, i, kind);
	pass_settled(confirms);
}

void confirms_returned(struct confirms *confirms, const char *message_id)
{
	uint64_t hash = fnv_text(FNV_START, message_id);

	for (uint64_t i = confirms->waiting; i < confirms->next; i++) {
		struct pending_confirm *entry = entry_at(confirms, i);

		if (entry->state == WAITING && entry->id_hash == hash) {
			entry->state = WAITING_RETURNED;
			return;
		}
	}
}

static void pass_taken(struct confirms *confirms)
{
	while (confirms->first < confirms->next && entry_at(confirms, confirms->first)->state == TAKEN)
		confirms->first++;
}

size_t confirms_take(struct confirms *confirms, struct confirm *ret_confirms, size_t room)
{
	size_t taken = 0;

	for (uint64_t i = confirms->first; i < confirms->next && taken < room && confirms->ready > 0; i++) {
		struct pending_confirm *entry = entry_at(confirms, i);

		if (entry->state != READY)
			continue;
		ret_confirms[taken++] = (struct confirm){i, entry->kind};
		entry->state = TAKEN;
		confirms->ready--;
	}
	pass_taken(confirms);
	return taken;
}

void confirms_new_channel(struct confirms *confirms)
{
	for (uint64_t i = confirms->waiting; i < confirms->next; i++)
		if (is_waiting(entry_at(confirms, i)))
			entry_at(confirms, i)->state = TAKEN;
	confirms->waiting = confirms->next;
	confirms->base = confirms->next - 1;
	pass_taken(confirms);
}
