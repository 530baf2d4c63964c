/* comanda sandbox: what was decided is decided again by this build, in databases of its own, and held against the
 * line and against the live databases. */
#include <string.h>

#include "ctl/cli/commands.h"
#include "ctl/cli/terminal.h"
#include "ctl/sandbox/report.h"
#include "ctl/sandbox/scratch.h"
#include "orders/service.h"
#include "products/service.h"
#include "users/service.h"

struct sandbox_options {
	const char *service_name; /* NULL: all of them */
	struct log_position until;
	const char *name, *drop;
	bool keep, json;
};

static const struct replay_spec *const specs[] = {&users_replay_spec, &products_replay_spec, &orders_replay_spec, NULL};

/* ---- one service ---- */

static bool compare_tables(const struct replay_spec *spec, struct db *here, struct db *live, const struct id_map *later,
			   struct finding *finding)
{
	bool fine = true;

	finding->table_count = 0;
	finding->digest = (struct uuid){{0}};
	for (const struct state_table *table = spec->tables; table->name != NULL && fine; table++) {
		struct table_state *state = &finding->tables[finding->table_count++];

		fine = finding->table_count <= TABLES_MOST &&
		       state_compare(table, here, live, later, &finding->arena, state);
		char both[sizeof(finding->digest) + sizeof(state->digest)];
		memcpy(both, &finding->digest, sizeof(finding->digest));
		memcpy(both + sizeof(finding->digest), &state->digest, sizeof(state->digest));
		finding->digest = uuid_of_text("state", both, sizeof(both));
	}
	return fine;
}

static bool tables_are_same(const struct finding *finding)
{
	size_t different = 0;

	for (size_t i = 0; i < finding->table_count; i++)
		different += finding->tables[i].different;
	return different == 0;
}

/* What was mentioned after the cut may have changed after it, and cannot be held against the live database. What has
 * come into the log since it was read is looked at only where something differs. */
static bool compare(const struct history *history, const struct replay_spec *spec, struct db *here, struct db *live,
		    struct finding *finding)
{
	struct id_map later;

	id_map_init(&later);
	for (size_t i = 0; i < history->count; i++)
		if (history->events[i].later)
			happened_mentions(&history->events[i], &later);
	bool fine = compare_tables(spec, here, live, &later, finding);
	if (fine && !tables_are_same(finding) && history->last >= 0)
		fine = history_mentions(history->last, &later) && compare_tables(spec, here, live, &later, finding);
	id_map_done(&later);
	return fine;
}

static bool rebuild_and_compare(struct history *history, const struct replay_spec *spec, struct db *here,
				struct db *live, struct finding *finding)
{
	struct plan plan;

	if (!plan_make(history, spec, live, &plan))
		return false;
	finding->waiting = plan.waiting;
	const bool fine =
		run_plan(&plan, spec, here, &finding->replayed) && compare(history, spec, here, live, finding);
	plan_done(&plan);
	return fine && !interrupted();
}

/* *ret_same is left alone where the answer is not known. */
static bool run_service(struct history *history, const struct replay_spec *spec, struct scratch *scratch,
			const struct sandbox_options *options, bool *ret_same)
{
	struct finding finding = {.service_name = spec->service->queue_prefix};
	struct db *live = connect_database(finding.service_name);
	struct db *here = live == NULL ? NULL : scratch_create(scratch, finding.service_name);

	arena_init(&finding.arena);
	bool fine = here != NULL && rebuild_and_compare(history, spec, here, live, &finding);
	if (fine) {
		report_finding(&finding, options->json);
		*ret_same = *ret_same && finding_is_same(&finding);
	}
	db_free(here);
	db_free(live);
	if (here != NULL && !(options->keep && fine))
		fine = scratch_drop(scratch, finding.service_name) && fine;
	replayed_done(&finding.replayed);
	arena_done(&finding.arena);
	return fine;
}

/* ---- all of it ---- */

static int run_services(const struct sandbox_options *options, struct scratch *scratch)
{
	struct history history;
	bool fine = true, same = true;

	if (!history_read(&options->until, &history))
		return EXIT_COULD_NOT;
	report_start(&history, scratch->name, options->json);
	for (const struct replay_spec *const *spec = specs; *spec != NULL && fine; spec++)
		if (options->service_name == NULL || strcmp((*spec)->service->queue_prefix, options->service_name) == 0)
			fine = run_service(&history, *spec, scratch, options, &same);
	history_done(&history);
	if (interrupted())
		complain(options->keep ? "interrupted: comanda sandbox --drop %s ends what was kept"
				       : "interrupted: the databases of sandbox %s are gone again",
			 scratch->name);
	if (!fine)
		return EXIT_COULD_NOT;
	report_end(same, options->keep ? scratch->name : NULL, options->json);
	return same ? EXIT_DONE : EXIT_DIFFERENT;
}

static int drop_all(struct scratch *scratch)
{
	bool fine = true;

	for (const struct replay_spec *const *spec = specs; *spec != NULL; spec++)
		fine = scratch_drop(scratch, (*spec)->service->queue_prefix) && fine;
	return fine ? EXIT_DONE : EXIT_COULD_NOT;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct sandbox_options options = {.service_name = NULL};
	struct scratch scratch;

	if (!command_read(command, argc, argv, &options))
		return EXIT_COULD_NOT;
	interrupts_watch();
	if (!scratch_open(options.drop != NULL ? options.drop : options.name, &scratch))
		return EXIT_COULD_NOT;
	const int code = options.drop != NULL ? drop_all(&scratch) : run_services(&options, &scratch);
	scratch_done(&scratch);
	return code;
}

static const struct option table[] = {
	{"[SERVICE]", OPTION_SERVICE, offsetof(struct sandbox_options, service_name), NULL,
	 "one of them; all three if not given"},
	{"--until", OPTION_LOG_POSITION, offsetof(struct sandbox_options, until), "PLACE",
	 "no further than this, itself included"},
	{"--keep", OPTION_FLAG, offsetof(struct sandbox_options, keep), NULL, "leave the databases up, for a debugger"},
	{"--name", OPTION_TEXT, offsetof(struct sandbox_options, name), "NAME",
	 "what they are called; random if not given"},
	{"--drop", OPTION_TEXT, offsetof(struct sandbox_options, drop), "NAME",
	 "end a sandbox that was kept, and no more"},
	JSON_OPTION(struct sandbox_options),
	{.name = NULL},
};

const struct command cmd_sandbox = {
	.name = "sandbox",
	.meaning = "decide again, by this build, what is recorded",
	.options = table,
	.run = run,
	.examples = "comanda sandbox\n"
		    "comanda sandbox products --until 20:15\n"
		    "comanda sandbox --keep --name case17\n"
		    "comanda sandbox --drop case17\n",
	.notes = "Each service starts from an empty database of its own, and gets its recorded\n"
		 "inputs in the order, and at the times, in which it decided them. Shown are a\n"
		 "digest of the state, what differs from the live database, and the first event\n"
		 "that this build says differently. Nothing live is written to. Passwords and\n"
		 "sessions are not on line, and not compared.\n"
		 "Exit code 0: equal; 1: different; 2: it could not run.\n",
};
