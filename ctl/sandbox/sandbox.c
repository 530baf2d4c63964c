/* comanda sandbox: makes the recorded decisions again with this build, in databases of its own. Compares the events
 * with the log and the rows with the live databases. */
#include <assert.h>
#include <string.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/terminal.h"
#include "ctl/lib/services.h"
#include "ctl/sandbox/reach.h"
#include "ctl/sandbox/report.h"
#include "ctl/sandbox/scratch.h"
#include "ctl/sandbox/tail.h"
#include "orders/service.h"
#include "products/service.h"
#include "users/service.h"

struct sandbox_options {
	const struct service *service; /* NULL: all */
	struct log_position until;
	const char *name, *drop;
	bool keep, json;
};

static const struct replay_spec *const specs[] = {&users_replay_spec, &products_replay_spec, &orders_replay_spec, NULL};

/* ---- one service ---- */

static bool compare_tables(const struct replay_spec *spec, struct db *sandbox, struct db *live,
			   const struct id_map *later, struct finding *finding)
{
	bool fine = true;

	finding->table_count = 0;
	finding->digest = (struct uuid){{0}};
	for (const struct state_table *table = spec->tables; table->name != NULL && fine; table++) {
		assert(finding->table_count < TABLES_MOST);
		struct table_state *state = &finding->tables[finding->table_count++];

		fine = state_compare(table, sandbox, live, later, &finding->arena, state);
		char both[sizeof(finding->digest) + sizeof(state->digest)];
		memcpy(both, &finding->digest, sizeof(finding->digest));
		memcpy(both + sizeof(finding->digest), &state->digest, sizeof(state->digest));
		finding->digest = uuid_of_text("state", both, sizeof(both));
	}
	return fine;
}

/* A row that an event after the cut mentions may have changed since, and is not compared with the live database. */
static bool compare(const struct history *history, struct log_tail *tail, const struct replay_spec *spec,
		    struct db *sandbox, struct db *live, struct finding *finding)
{
	for (size_t i = 0; i < history->count; i++)
		if (history->events[i].later)
			history_event_mentions(&history->events[i], &tail->mentions);
	return compare_tables(spec, sandbox, live, &tail->mentions, finding);
}

static bool run_and_compare(struct history *history, struct log_tail *tail, const struct replay_spec *spec,
			    struct db *sandbox, struct db *live, struct finding *finding)
{
	struct plan plan;

	if (!plan_make(history, tail, spec, live, &plan))
		return false;
	finding->waiting = plan.waiting;
	const bool fine = run_plan(&plan, spec, sandbox, &finding->result) &&
			  compare(history, tail, spec, sandbox, live, finding);
	plan_done(&plan);
	return fine && !interrupted();
}

static bool replay_and_compare(struct history *history, const struct replay_spec *spec, struct db *sandbox,
			       struct db *live, struct finding *finding)
{
	struct log_tail tail;

	bool fine = tail_read(history, spec->service, live, &tail) && reach_check(history, spec, live);
	const int64_t put_aside = fine ? tail_mark_put_aside(history, spec->service) : -1;
	fine = put_aside >= 0;
	if (fine) {
		finding->put_aside = (size_t)put_aside;
		fine = run_and_compare(history, &tail, spec, sandbox, live, finding);
	}
	tail_done(&tail);
	return fine;
}

/* False after an error message. Clears *ret_same where something differs. */
static bool run_service(struct history *history, const struct replay_spec *spec, struct scratch *scratch,
			const struct sandbox_options *options, bool *ret_same)
{
	struct finding finding = {.service = spec->service};
	struct db *live = connect_database(finding.service);
	struct db *sandbox = live == NULL ? NULL : scratch_create(scratch, finding.service);

	arena_init(&finding.arena);
	bool fine = sandbox != NULL && replay_and_compare(history, spec, sandbox, live, &finding);
	if (fine) {
		report_finding(&finding, options->json);
		*ret_same = *ret_same && finding_is_same(&finding);
	}
	db_free(sandbox);
	db_free(live);
	if (sandbox != NULL && !(options->keep && fine))
		fine = scratch_drop(scratch, finding.service) && fine;
	replay_result_done(&finding.result);
	arena_done(&finding.arena);
	return fine;
}

/* ---- all services ---- */

static int run_services(const struct sandbox_options *options, struct scratch *scratch)
{
	struct history history;
	bool fine = true, same = true;

	if (!history_read(&options->until, &history))
		return EXIT_FAILED;
	report_start(&history, scratch->name, options->json);
	for (const struct replay_spec *const *spec = specs; *spec != NULL && fine; spec++)
		if (options->service == NULL || (*spec)->service == options->service)
			fine = run_service(&history, *spec, scratch, options, &same);
	history_done(&history);
	if (interrupted())
		print_error(options->keep ? "interrupted: comanda sandbox --drop %s drops the databases that were kept"
					  : "interrupted: the databases of sandbox %s were dropped",
			    scratch->name);
	if (!fine)
		return EXIT_FAILED;
	report_end(same, options->keep ? scratch->name : NULL, options->json);
	return same ? EXIT_DONE : EXIT_DIFFERENT;
}

static int drop_all(struct scratch *scratch)
{
	bool fine = true;

	for (const struct replay_spec *const *spec = specs; *spec != NULL; spec++)
		fine = scratch_drop(scratch, (*spec)->service) && fine;
	return fine ? EXIT_DONE : EXIT_FAILED;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct sandbox_options options = {.service = NULL};
	struct scratch scratch;

	if (!command_read(command, argc, argv, &options))
		return EXIT_FAILED;
	interrupts_watch();
	if (!scratch_open(options.drop != NULL ? options.drop : options.name, &scratch))
		return EXIT_FAILED;
	const int code = options.drop != NULL ? drop_all(&scratch) : run_services(&options, &scratch);
	scratch_done(&scratch);
	return code;
}

static const struct option table[] = {
	OPTION("[SERVICE]", option_service, struct sandbox_options, service, NULL, "one service; all if not given"),
	OPTION("--until", option_log_position, struct sandbox_options, until, "POSITION",
	       "up to this event and no further"),
	OPTION("--keep", option_flag, struct sandbox_options, keep, NULL, "keep the databases, for a debugger"),
	OPTION("--name", option_text, struct sandbox_options, name, "NAME",
	       "name of the databases; random if not given"),
	OPTION("--drop", option_text, struct sandbox_options, drop, "NAME",
	       "only drop the databases of a sandbox that was kept"),
	JSON_OPTION(struct sandbox_options),
	END_OF_OPTIONS,
};

const struct command cmd_sandbox = {
	.name = "sandbox",
	.meaning = "makes the recorded decisions again with this build, and compares",
	.options = table,
	.run = run,
	.examples = "comanda sandbox\n"
		    "comanda sandbox products --until 20:15\n"
		    "comanda sandbox --keep --name case17\n"
		    "comanda sandbox --drop case17\n",
	.notes = "Each service starts with an empty database. It gets its recorded inputs in the\n"
		 "order and at the times of its decisions. The command shows a digest of the\n"
		 "state, the rows that differ from the live database, and the first event that\n"
		 "this build publishes differently. It writes to no live database. Passwords and\n"
		 "sessions are not recorded, and not compared.\n"
		 "Exit code 0: equal; 1: different; 2: it could not run.\n",
};
