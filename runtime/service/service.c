/* The life of a service: settings, migrations, relay, consumers, until SIGTERM. */
#include "comanda/service.h"
#include "comanda/program.h"

#include "consumer/consumer_group.h"
#include "consumer/request_hash.h"
#include "store/cache/aggregate_cache.h"
#include "store/txn.h"

#define WARNING_US (5 * SECOND_US) /* between two of one kind */

enum { CONSUMERS_MAX = 64 };

extern const struct migration comanda_migrations[];

struct running {
	const struct service *service;
	void *program_settings;
	const struct service_settings *settings; /* the part that every service has */
	struct admission admission;
	struct consumer_group group;
	struct request_key request_key; /* if the service has one */
	struct admin_port *admin;
	struct consumer *consumers[CONSUMERS_MAX];
	atomic_size_t consumer_count; /* consumers below this can be asked whether they are ready */
	atomic_bool complete;         /* all of them have started */
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
	if (atomic_load(&running->complete) && !outbox_relay_ready(running->group.relay)) {
		buffer_text(why, "relay: no broker, or no database\n");
		all = false;
	}
	return all;
}

/* ---- the database at the start ---- */

typedef enum status database_step(const struct running *running, struct db *db);

static enum status migrate(const struct running *running, struct db *db)
{
	enum status status = db_ensure(db);

	if (status == OK)
		status = db_migrate(db, comanda_migrations);
	if (status == OK)
		status = db_migrate(db, running->service->migrations);
	return status;
}

/* With the role that owns the tables. The service's own role needs no right to change them. */
static enum status migrate_as_owner(const struct running *running, struct db *db)
{
	const enum status status = migrate(running, db);

	return status == OK ? db_grant(db, running->settings->database_url) : status;
}

static enum status start_as_service(const struct running *running, struct db *db)
{
	struct txn txn = {.db = db, .name = "start"};

	enum status status = migrate(running, db);
	if (status != OK || running->service->start == NULL)
		return status;
	txn_init(&txn, running->service, running->program_settings);
	status = running->service->start(running->program_settings, &txn);
	txn_done(&txn);
	return status;
}

/* Tries until the database is there. False: the program must stop, or the step itself has failed. */
static bool try_until_there(const struct running *running, const char *url, database_step *step)
{
	struct db *db = db_new(&(struct db_config){
		.url = url,
		.program = running->service->name,
		.connection_name = "start",
		.wait_us = running->settings->statement_timeout_us,
	});
	bool stopped = false;
	int64_t next_warning = 0;
	enum status status = step(running, db);

	while (!stopped && (status == E_UNAVAILABLE || status == E_RETRY)) {
		if (monotonic_now() > next_warning) {
			next_warning = monotonic_now() + WARNING_US;
			log_warn("database.unavailable", kv_text("detail", db_detail(db)));
		}
		stopped = program_stop_requested(100 * MS_US);
		if (!stopped)
			status = step(running, db);
	}
	if (status != OK && !stopped)
		log_error("database.schema_mismatch", kv_text("detail", db_detail(db)));
	db_free(db);
	return status == OK;
}

static bool prepare_database(const struct running *running)
{
	const struct service_settings *settings = running->settings;

	if (settings->migrations_url[0] != '\0' &&
	    !try_until_there(running, settings->migrations_url, migrate_as_owner))
		return false;
	return try_until_there(running, settings->database_url, start_as_service);
}

/* --migrate: before the service is started. */
static int migrate_only(const struct running *running)
{
	const struct service_settings *settings = running->settings;
	const bool has_owner = settings->migrations_url[0] != '\0';
	const bool done = try_until_there(running, has_owner ? settings->migrations_url : settings->database_url,
					  migrate_as_owner);

	if (done)
		log_info("database.migrated");
	return done ? 0 : 1;
}

/* ---- starting ---- */

static int64_t consumer_count(const struct running *running, const struct consumer_config *config)
{
	const char *setting = (const char *)running->settings + config->count_setting;

	return config->count_setting == 0 ? config->count : *(const int64_t *)(const void *)setting;
}

static bool start_consumers(struct running *running)
{
	for (const struct consumer_config *config = running->service->consumers; config->name != NULL; config++) {
		const int64_t count = consumer_count(running, config);

		for (int number = 1; number <= count; number++) {
			const size_t index = atomic_load(&running->consumer_count);
			struct consumer *consumer =
				index < CONSUMERS_MAX ? consumer_start(&running->group, config, number) : NULL;

			if (consumer == NULL)
				return false;
			running->consumers[index] = consumer;
			atomic_store(&running->consumer_count, index + 1);
		}
	}
	return true;
}

static enum status start_relay(struct running *running)
{
	return outbox_relay_start(
		&(struct outbox_relay_config){
			.service = running->service,
			.settings = running->settings,
			.program_settings = running->program_settings,
			.admission = &running->admission,
		},
		&running->group.relay);
}

/* ---- stopping ---- */

/* Consumers finish their batch. Then the relay sends what they have submitted. */
static void stop(struct running *running)
{
	const size_t count = atomic_load(&running->consumer_count);

	program_end_within(running->settings->shutdown_timeout_us);
	atomic_store(&running->group.stopping, true);
	for (size_t i = 0; i < count; i++)
		consumer_join(running->consumers[i]);
	admin_port_stop(running->admin); /* from here on, nothing asks the consumers whether they are ready */
	outbox_relay_stop(running->group.relay);
	for (size_t i = 0; i < count; i++)
		consumer_free(running->consumers[i]);
}

/* ---- running ---- */

static enum status start_admin_port(struct running *running)
{
	const struct service_settings *settings = running->settings;
	const enum status status =
		admin_port_start(settings->admin_address, (int)settings->admin_port, ready, running, &running->admin);

	if (status != OK)
		log_error("admin.start", kv_int("port", settings->admin_port),
			  kv_text("detail", "cannot listen there: is the port taken? COMANDA_ADMIN_PORT and "
					    "COMANDA_ADMIN_ADDRESS change it"));
	else
		log_info("program.started", kv_int("admin_port", admin_port_number(running->admin)),
			 kv_text("version", COMANDA_VERSION));
	return status;
}

static int run(struct running *running)
{
	if (start_admin_port(running) != OK)
		return 1;
	if (!prepare_database(running) || start_relay(running) != OK) {
		admin_port_stop(running->admin);
		return 1;
	}
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

static int run_with_settings(const struct service *service, void *settings, bool migrate_and_end)
{
	scoped(aggregate_cache_free) struct aggregate_cache *aggregate_cache = aggregate_cache_new();
	struct running running = {
		.service = service,
		.program_settings = settings,
		.settings = (const void *)((const char *)settings + service->settings_offset),
	};

	if (service->request_key_setting > 0 && !migrate_and_end) /* a migration needs no secret but the database's */
		running.request_key =
			request_key_of(*(const char *const *)((const char *)settings + service->request_key_setting));
	running.group = (struct consumer_group){
		.service = service,
		.settings = running.settings,
		.program_settings = settings,
		.started_us = timestamp_now(),
		.aggregate_cache = aggregate_cache,
		.admission = &running.admission,
		.request_key = service->request_key_setting > 0 ? &running.request_key : NULL,
	};
	admission_init(&running.admission, running.settings->max_pending);
	return migrate_and_end ? migrate_only(&running) : run(&running);
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
	const int exit_code = run_with_settings(service, settings, code == PROGRAM_MIGRATE);
	if (service->stop != NULL)
		service->stop(settings);
	program_end(settings);
	return exit_code;
}
