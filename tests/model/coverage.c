/* Decisions driven, against the handler tables. */
#include "tests/model/coverage.h"

#include <stdio.h>

#include "tests/model/batches.h"
#include "tests/model/messages.h"

void coverage_add(struct coverage *coverage, const struct search *search)
{
	for (uint32_t number = 1; number <= search->model.batches.count; number++) {
		const struct batch batch = batch_of(&search->model, number_of(number));

		for (unsigned i = 0; i < batch.count; i++)
			if (batch.status[i] == OK)
				coverage->done[batch.service][delivery_of(&search->model, batch.deliveries[i]).type] =
					true;
	}
}

static bool all_done(const bool *done, const struct model_service *service, const struct handler *handlers)
{
	bool full = true;

	for (const struct handler *handler = handlers; handler != NULL && handler->decide != NULL; handler++) {
		if (done[handler->type])
			continue;
		full = false;
		printf("NEVER DECIDED: %s in %s\n", comanda_contract.types[handler->type].name, service->name);
	}
	return full;
}

bool coverage_full(const struct coverage *coverage)
{
	bool full = true;

	for (enum service_name name = 0; name < SERVICES; name++) {
		const struct model_service *service = service_of(name);

		full = all_done(coverage->done[name], service, service->events) && full;
		full = all_done(coverage->done[name], service, service->commands) && full;
	}
	return full;
}
