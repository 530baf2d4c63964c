/* Outcomes of publications: a ring by sequence. */
#include "amqp/confirms.h"

#include <string.h>

enum entry_state {
	WAITING,
	WAITING_RETURNED, /* came back; its ack is on the way */
	READY,            /* has its outcome */
	TAKEN             /* told, or forgotten */
};

struct outcome_entry {
	uint64_t id_hash;
	enum entry_state state;
	enum outcome_kind kind;
};

enum { ROOM_LEAST = 64 };

static uint64_t hash_text(const char *text)
{
	/* FNV-1a, 64 bits (draft-eastlake-fnv). */
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; text != NULL && *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return hash;
}

static struct outcome_entry *entry_at(const struct outcomes *outcomes, uint64_t sequence)
{
	return &outcomes->ring[sequence & (outcomes->room - 1)];
}

void outcomes_init(struct outcomes *outcomes)
{
	*outcomes = (struct outcomes){.room = ROOM_LEAST, .first = 1, .next = 1, .waiting = 1};
	outcomes->ring = mem_new(outcomes->room, sizeof(*outcomes->ring));
}

void outcomes_done(struct outcomes *outcomes)
{
	free(outcomes->ring);
	outcomes->ring = NULL;
}

static void enlarge(struct outcomes *outcomes)
{
	struct outcomes larger = *outcomes;

	larger.room *= 2;
	larger.ring = mem_new(larger.room, sizeof(*larger.ring));
	for (uint64_t i = outcomes->first; i < outcomes->next; i++)
		*entry_at(&larger, i) = *entry_at(outcomes, i);
	free(outcomes->ring);
	*outcomes = larger;
}

uint64_t outcomes_sent(struct outcomes *outcomes, const char *message_id)
{
	if (outcomes->next - outcomes->first == outcomes->room)
		enlarge(outcomes);
	*entry_at(outcomes, outcomes->next) = (struct outcome_entry){.id_hash = hash_text(message_id)};
	return outcomes->next++;
}

static bool is_waiting(const struct outcome_entry *entry)
{
	return entry->state == WAITING || entry->state == WAITING_RETURNED;
}

static void settle_one(struct outcomes *outcomes, uint64_t sequence, enum outcome_kind kind)
{
	struct outcome_entry *entry = entry_at(outcomes, sequence);

	if (!is_waiting(entry))
		return;
	entry->kind = entry->state == WAITING_RETURNED ? OUTCOME_RETURNED : kind;
	entry->state = READY;
	outcomes->ready++;
}

static void pass_settled(struct outcomes *outcomes)
{
	while (outcomes->waiting < outcomes->next && !is_waiting(entry_at(outcomes, outcomes->waiting)))
		outcomes->waiting++;
}

void outcomes_settle(struct outcomes *outcomes, uint64_t tag, bool multiple, enum outcome_kind kind)
{
	uint64_t last = tag == 0 ? outcomes->next - 1 : outcomes->base + tag;

	if (last >= outcomes->next || last < outcomes->waiting)
		return;
	for (uint64_t i = multiple ? outcomes->waiting : last; i <= last; i++)
		settle_one(outcomes, i, kind);
	pass_settled(outcomes);
}

void outcomes_returned(struct outcomes *outcomes, const char *message_id)
{
	uint64_t hash = hash_text(message_id);

	for (uint64_t i = outcomes->waiting; i < outcomes->next; i++) {
		struct outcome_entry *entry = entry_at(outcomes, i);

		if (entry->state == WAITING && entry->id_hash == hash) {
			entry->state = WAITING_RETURNED;
			return;
		}
	}
}

static void pass_taken(struct outcomes *outcomes)
{
	while (outcomes->first < outcomes->next && entry_at(outcomes, outcomes->first)->state == TAKEN)
		outcomes->first++;
}

size_t outcomes_take(struct outcomes *outcomes, struct outcome *ret_outcomes, size_t room)
{
	size_t taken = 0;

	for (uint64_t i = outcomes->first; i < outcomes->next && taken < room && outcomes->ready > 0; i++) {
		struct outcome_entry *entry = entry_at(outcomes, i);

		if (entry->state != READY)
			continue;
		ret_outcomes[taken++] = (struct outcome){i, entry->kind};
		entry->state = TAKEN;
		outcomes->ready--;
	}
	pass_taken(outcomes);
	return taken;
}

void outcomes_new_channel(struct outcomes *outcomes)
{
	for (uint64_t i = outcomes->waiting; i < outcomes->next; i++)
		if (is_waiting(entry_at(outcomes, i)))
			entry_at(outcomes, i)->state = TAKEN;
	outcomes->waiting = outcomes->next;
	outcomes->base = outcomes->next - 1;
	pass_taken(outcomes);
}
