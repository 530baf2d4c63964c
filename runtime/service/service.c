/* A service's life: settings, migrations, relay, consumers, until SIGTERM. */
#include "comanda/service.h"

#include <stdio.h>
#include <string.h>

#include "comanda/program.h"
#include "consumer/consumers.h"
#include "store/aggregate_cache.h"
#include "telemetry/log.h"

enum { CONSUMERS_MAX = 64 };

extern const struct migration comanda_migrations[];

struct running {
	struct engine engine;
	struct admin_port *admin;
	struct consumer *consumers[CONSUMERS_MAX];
	atomic_size_t consumer_count; /* consumers below this are there to be looked at */
	atomic_bool complete;         /* all of them are */
};

static bool ready(void *context, struct buffer *why)
{
	struct running *running = context;
	const size_t count = atomic_load(&running->consumer_count);
	bool all = atomic_load(&running->complete);

	if (!all)
		buffer_text(why, "starting: the database is not migrated yet\n");
	for (size_t i = 0; i < count; i++)
		all = consumer_ready(running->consumers[i], why) && all;
	if (atomic_load(&running->complete) && !outbox_relay_ready(running->engine.relay)) {
		buffer_text(why, "relay: no broker, or no database\n");
		all = false;
	}
	return all;
}

/* ---- starting ---- */

static enum status migrate(const struct running *running, struct db *db)
{
	enum status status = db_ensure(db);

	if (status == OK)
		status = db_migrate(db, comanda_migrations);
	if (status == OK)
		status = db_migrate(db, running->engine.service->migrations);
	return status;
}

/* With the role whose the tables are; the service's own need not be able to change them. */
static enum status migrate_as_owner(const struct running *running, struct db *db, void *settings)
{
	enum status status = migrate(running, db);

	(void)settings;
	return status == OK ? db_grant(db, running->engine.settings->database_url) : status;
}

static enum status begin_as_service(const struct running *running, struct db *db, void *settings)
{
	const struct service *service = running->engine.service;
	enum status status = migrate(running, db);

	return status == OK && service->start != NULL ? service->start(settings, db) : status;
}

typedef enum status database_step(const struct running *running, struct db *db, void *settings);

/* Tries until the database is there. False: told to stop, or the step itself is at fault. */
static bool try_until_there(const struct running *running, const char *url, database_step *step, void *settings)
{
	struct db *db = db_new(&(struct db_config){
		.url = url,
		.program = running->engine.service->name,
		.connection_name = "start",
		.wait_us = running->engine.settings->statement_timeout_us,
	});
	bool told = false;
	enum status status = step(running, db, settings);

	for (int64_t said = 0; status == E_UNAVAILABLE || status == E_RETRY; status = step(running, db, settings)) {
		if (monotonic_now() - said > 5 * SECOND_US) {
			said = monotonic_now();
			log_warn("database.unavailable", kv_text("detail", db_detail(db)));
		}
		if ((told = program_told_to_stop(100 * MS_US)))
			break;
	}
	if (status != OK && !told)
		log_error("database.schema_mismatch", kv_text("detail", db_detail(db)));
	db_free(db);
	return status == OK;
}

static bool prepare_database(const struct running *running, void *settings)
{
	const struct service_settings *service = running->engine.settings;

	if (service->migrations_url[0] != '\0' &&
	    !try_until_there(running, service->migrations_url, migrate_as_owner, settings))
		return false;
	return try_until_there(running, service->database_url, begin_as_service, settings);
}

/* --migrate: the work of a moment, before the service is started. */
static int migrate_only(const struct running *running, void *settings)
{
	const struct service_settings *service = running->engine.settings;
	const bool apart = service->migrations_url[0] != '\0';
	const bool done = try_until_there(running, apart ? service->migrations_url : service->database_url,
					  migrate_as_owner, settings);

	if (done)
		log_info("database.migrated");
	return done ? 0 : 1;
}

static int64_t consumer_count(const struct engine *engine, const struct consumer_config *plan)
{
	if (strcmp(plan->name, "query") == 0)
		return engine->settings->consumers_query;
	if (strcmp(plan->name, "command") == 0)
		return engine->settings->consumers_command;
	if (strcmp(plan->name, "events") == 0)
		return engine->settings->consumers_events;
	return plan->count;
}

static bool start_consumers(struct running *running)
{
	for (const struct consumer_config *plan = running->engine.service->consumers; plan->name != NULL; plan++) {
		const int64_t count = consumer_count(&running->engine, plan);

		for (int number = 1; number <= count; number++) {
			const size_t index = atomic_load(&running->consumer_count);
			struct consumer *consumer =
				index < CONSUMERS_MAX ? consumer_start(&running->engine, plan, number) : NULL;

			if (consumer == NULL)
				return false;
			running->consumers[index] = consumer;
			atomic_store(&running->consumer_count, index + 1);
		}
	}
	return true;
}

/* ---- stopping ---- */

/* Consumers finish their turn; then the relay sends what they have left with it. */
static void stop(struct running *running)
{
	const size_t count = atomic_load(&running->consumer_count);

	program_end_within(running->engine.settings->shutdown_timeout_us);
	atomic_store(&running->engine.stopping, true);
	for (size_t i = 0; i < count; i++)
		consumer_join(running->consumers[i]);
	admin_port_stop(running->admin); /* nobody looks at consumers any more */
	outbox_relay_stop(running->engine.relay);
	for (size_t i = 0; i < count; i++)
		consumer_free(running->consumers[i]);
}

static int run(struct running *running, void *settings)
{
	const struct service_settings *service = running->engine.settings;

	if (admin_port_start(service->admin_address, (int)service->admin_port, ready, running, &running->admin) != OK) {
		log_error("admin.start", kv_int("port", service->admin_port),
			  kv_text("detail", "cannot listen there: is the port taken? COMANDA_ADMIN_PORT and "
					    "COMANDA_ADMIN_ADDRESS change it"));
		return 1;
	}
	log_info("program.started", kv_int("admin_port", admin_port_number(running->admin)),
		 kv_text("version", COMANDA_VERSION));
	if (!prepare_database(running, settings)) {
		admin_port_stop(running->admin);
		return 1;
	}
	struct outbox_relay *relay;
	if (outbox_relay_start(&running->engine, &relay) != OK) {
		admin_port_stop(running->admin);
		return 1;
	}
	running->engine.relay = relay;
	const bool started = start_consumers(running);
	atomic_store(&running->complete, started);
	if (started)
		program_wait();
	else
		log_error("consumers.failed", kv_text("detail", "no thread to be had for a consumer"));
	stop(running);
	log_info("program.stopped");
	return started ? 0 : 1;
}

int service_run(const struct service *service, int argc, char **argv)
{
	const struct program program = {
		.name = service->name,
		.about = service->about,
		.settings = service->settings,
		.settings_size = service->settings_size,
		.log_level = service->settings_offset + offsetof(struct service_settings, log_level),
		.admin_port = service->settings_offset + offsetof(struct service_settings, admin_port),
		.otlp_url = service->settings_offset + offsetof(struct service_settings, otlp_url),
		.allow_debugger = service->settings_offset + offsetof(struct service_settings, allow_debugger),
		.migrates = true,
	};
	void *settings;

	const int code = program_begin(&program, argc, argv, &settings);
	if (code >= 0)
		return code;
	struct running running = {
		.engine = {.service = service,
			   .program_settings = settings,
			   .settings = (const void *)((const char *)settings + service->settings_offset),
			   .started_us = timestamp_now()},
	};
	scoped(aggregate_cache_free) struct aggregate_cache *aggregate_cache = aggregate_cache_new();
	running.engine.aggregate_cache = aggregate_cache;
	admission_init(&running.engine.admission, running.engine.settings->max_pending);
	const int exit_code = code == PROGRAM_MIGRATE ? migrate_only(&running, settings) : run(&running, settings);
	if (service->stop != NULL)
		service->stop(settings);
	program_end();
	free(settings);
	return exit_code;
}
