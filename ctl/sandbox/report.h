/* What a sandbox found, for a person and for programs. */
#ifndef CTL_SANDBOX_REPORT_H
#define CTL_SANDBOX_REPORT_H

#include "ctl/sandbox/run.h"
#include "ctl/sandbox/state.h"

enum { TABLES_MOST = 8 };

/* One service. */
struct finding {
	const char *service_name;
	size_t waiting;
	int64_t took_us;
	struct replayed replayed;
	struct arena arena; /* of the rows that differ */
	struct table_state tables[TABLES_MOST];
	size_t table_count;
	struct uuid digest; /* of all its tables */
};

/* Does this build say the same, and does the live database hold what follows from it? */
bool finding_is_same(const struct finding *finding);

void report_start(const struct history *history, const char *name, bool json);
void report_finding(const struct finding *finding, bool json);
void report_end(bool same, const char *kept, bool json);

#endif
