/* Prints what a sandbox found, for a person or as JSON. */
#ifndef CTL_SANDBOX_REPORT_H
#define CTL_SANDBOX_REPORT_H

#include "ctl/sandbox/run.h"
#include "ctl/sandbox/state.h"

enum { TABLES_MOST = 8 };

/* The result for one service. */
struct finding {
	const struct service *service;
	size_t waiting;   /* events that the service had not decided on */
	size_t put_aside; /* events that are dead letters of the service */
	struct replay_result result;
	struct arena arena; /* of the rows that differ */
	struct table_state tables[TABLES_MOST];
	size_t table_count;
	struct uuid digest; /* of all its tables */
};

/* Whether this build publishes what is recorded, and the live database has the rows that follow from it. */
bool finding_is_same(const struct finding *finding);

void report_start(const struct history *history, const char *name, bool json);
void report_finding(const struct finding *finding, bool json);
/* `kept`: the name of the sandbox whose databases stay; NULL: they were dropped. */
void report_end(bool same, const char *kept, bool json);

#endif
