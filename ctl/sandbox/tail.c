/* Reads the tail of the log, and the dead letters. */
#include "ctl/sandbox/tail.h"

#include <unistd.h>

#include "ctl/cli/terminal.h"
#include "ctl/dead/dead_queue.h"

/* The outbox relay publishes a row within this time, unless the broker is away or the row is parked. */
#define OUTBOX_US (10 * SECOND_US)
#define POLL_US   (200 * MS_US)

static const struct sql begin_snapshot = {
	"sandbox_snapshot",
	"BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
};
static const struct sql find_unsent = {
	"sandbox_unsent",
	"SELECT id FROM outbox WHERE exchange = 'events' AND NOT parked",
};

static struct uuid *read_unsent(struct db *live, size_t *ret_count)
{
	struct rows rows;

	*ret_count = 0;
	if (!query_database(live, &find_unsent, &rows))
		return NULL;
	struct uuid *ids = mem_new((size_t)rows.count + 1, sizeof(*ids));
	for (int i = 0; i < rows.count; i++)
		ids[(*ret_count)++] = row_uuid(&rows, i, 0);
	return ids;
}

static bool has_all(const struct history *history, const struct log_tail *tail, const struct uuid *ids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (id_map_get(&history->ids, &ids[i]) == ID_MAP_NONE &&
		    id_map_get(&tail->mentions, &ids[i]) == ID_MAP_NONE)
			return false;
	return true;
}

bool tail_read(const struct history *history, const struct service *service, struct db *live, struct log_tail *ret_tail)
{
	const int64_t until = monotonic_now() + OUTBOX_US;
	size_t count;
	struct rows rows;

	id_map_init(&ret_tail->mentions);
	id_map_init(&ret_tail->causes);
	if (!query_database(live, &begin_snapshot, &rows))
		return false;
	struct uuid *unsent = read_unsent(live, &count);
	bool fine = unsent != NULL && history_read_tail(history, service->name, ret_tail);
	while (fine && !has_all(history, ret_tail, unsent, count) && monotonic_now() < until && !interrupted()) {
		usleep(POLL_US);
		fine = history_read_tail(history, service->name, ret_tail);
	}
	free(unsent);
	return fine;
}

void tail_done(struct log_tail *tail)
{
	id_map_done(&tail->mentions);
	id_map_done(&tail->causes);
}

int64_t tail_mark_put_aside(struct history *history, const struct service *service)
{
	const struct dead_filter all = {.service = service};
	struct dead_queue queue;
	int64_t marked = 0;

	for (size_t i = 0; i < history->count; i++)
		history->events[i].put_aside = false;
	if (!dead_queue_open(service, &all, &queue))
		return -1;
	for (size_t n = 0; n < queue.count; n++)
		for (size_t i = 0; i < queue.letters[n].id_count; i++) {
			const int64_t index = id_map_get(&history->ids, &queue.letters[n].ids[i]);

			if (index == ID_MAP_NONE || history->events[index].put_aside)
				continue;
			history->events[index].put_aside = true;
			marked++;
		}
	dead_queue_close(&queue);
	return marked;
}
