/* One thread, one epoll. In an open loop a request that is due while all connections are busy
 * waits. Its latency counts from its due time, so that a stalled server cannot hide it (coordinated omission). */
#include "tests/bench/load.h"

#include <stdio.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/timestamp.h"
#include "tests/bench/client.h"

enum { EVENTS = 256 };

struct load {
	const struct load_plan *plan;
	struct stock *stock;
	struct load_result *result;
	struct client *clients;
	struct client **idle; /* a stack of idle clients */
	size_t idle_count, resting;
	int epoll, timer;
	int64_t start_us, counted_us, end_us;
	uint64_t due, begun, answered; /* requests: due (open loop), sent, answered */
};

static void watch(struct load *load, struct client *client)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = client};

	client_connect(client, load->plan->from, load->plan->address);
	if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, client->fd, &event) != 0) {
		perror("comanda-load: epoll");
		abort();
	}
}

static void lost(struct load *load, struct client *client)
{
	if (client->busy)
		load->result->lost++;
	client_close(client);
	const bool was_idle = !client->busy;
	watch(load, client);
	if (!was_idle)
		load->idle[load->idle_count++] = client;
}

/* Adds up to a second to Retry-After, so that refused clients do not return at the same time. */
static void rest(struct load *load, struct client *client, long seconds)
{
	const int64_t spread_us = (client - load->clients) * SECOND_US / load->plan->connections;

	client->rest_until_us = monotonic_now() + seconds * SECOND_US + spread_us;
	load->resting++;
}

static void wake_rested(struct load *load)
{
	if (load->resting == 0)
		return;
	const int64_t now = monotonic_now();
	for (int i = 0; i < load->plan->connections; i++) {
		struct client *client = &load->clients[i];

		if (client->rest_until_us == 0 || (client->rest_until_us > now && now < load->end_us))
			continue;
		client->rest_until_us = 0;
		load->resting--;
		load->idle[load->idle_count++] = client;
	}
}

static bool may_begin(const struct load *load, int64_t now)
{
	const struct load_plan *plan = load->plan;

	if (now >= load->end_us || load->idle_count == 0 || (plan->requests != 0 && load->begun >= plan->requests))
		return false;
	return plan->rate == 0 || load->begun < load->due;
}

/* Requests are due at start + n / rate. */
static int64_t due_time(const struct load *load, uint64_t number)
{
	return load->start_us + (int64_t)((double)number * 1e6 / load->plan->rate);
}

static void begin_requests(struct load *load)
{
	int64_t now = monotonic_now();

	if (load->plan->rate > 0)
		load->due = (uint64_t)((double)(now - load->start_us) * load->plan->rate / 1e6) + 1;
	while (may_begin(load, now)) {
		struct client *client = load->idle[--load->idle_count];

		client->since_us = load->plan->rate > 0 ? due_time(load, load->begun) : now;
		client->busy = true;
		client->sent = 0;
		load->begun++;
		buffer_clear(&client->out);
		load->plan->scenario->write(load->stock, &client->out);
		if (client_send(client) == CLIENT_LOST)
			lost(load, client);
		now = monotonic_now();
	}
}

static bool is_refusal(int status)
{
	return status == 429 || status == 503;
}

static void count(struct load *load, const struct client *client, int status)
{
	const int64_t now = monotonic_now();
	const int expected = load->plan->scenario->expected;

	load->answered++;
	if (now < load->counted_us || now > load->end_us)
		return;
	load->result->done++;
	if (expected == 0 ? status >= 300 : status != expected) {
		load->result->unexpected++;
		load->result->status_of_unexpected = status;
	}
	if (is_refusal(status))
		load->result->refused++;
	histogram_add(&load->result->latencies, now - client->since_us);
}

static void serve(struct load *load, struct client *client, uint32_t events)
{
	struct answer answer = {.status = 0};

	if ((events & EPOLLOUT) != 0 && client->busy && client->sent < client->out.size &&
	    client_send(client) == CLIENT_LOST) {
		lost(load, client);
		return;
	}
	if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0)
		return;
	switch (client_receive(client, &answer)) {
	case CLIENT_WAITING:
		return;
	case CLIENT_LOST:
		lost(load, client);
		return;
	case CLIENT_ANSWERED:
		break;
	}
	count(load, client, answer.status);
	client->busy = false;
	if (load->plan->patient && is_refusal(answer.status) && answer.retry_after > 0)
		rest(load, client, answer.retry_after);
	else
		load->idle[load->idle_count++] = client;
}

/* The timer wakes an open loop when its next request is due. */
static void arm_timer(struct load *load)
{
	if (load->plan->rate == 0)
		return;
	const int64_t wait = due_time(load, load->due) - monotonic_now();
	const struct itimerspec when = {.it_value = {.tv_sec = wait > 0 ? wait / SECOND_US : 0,
						     .tv_nsec = (wait > 0 ? wait % SECOND_US : 0) * 1000 + 1}};
	timerfd_settime(load->timer, 0, &when, NULL);
}

static bool over(const struct load *load)
{
	const int64_t grace = 10 * SECOND_US;
	const int64_t now = monotonic_now();

	if (load->plan->requests != 0 && load->answered >= load->plan->requests)
		return true;
	return now >= load->end_us &&
	       (load->idle_count == (size_t)load->plan->connections || now >= load->end_us + grace);
}

static void loop(struct load *load)
{
	struct epoll_event events[EVENTS];

	while (!over(load)) {
		wake_rested(load);
		begin_requests(load);
		arm_timer(load);
		const int ready = epoll_wait(load->epoll, events, EVENTS, 100);
		for (int i = 0; i < ready; i++) {
			uint64_t ticks;

			if (events[i].data.ptr == NULL)
				(void)!read(load->timer, &ticks, sizeof(ticks));
			else
				serve(load, events[i].data.ptr, events[i].events);
		}
	}
}

static void open_all(struct load *load)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	load->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	epoll_ctl(load->epoll, EPOLL_CTL_ADD, load->timer, &event);
	load->clients = mem_new((size_t)load->plan->connections, sizeof(*load->clients));
	load->idle = mem_new((size_t)load->plan->connections, sizeof(struct client *));
	for (int i = 0; i < load->plan->connections; i++) {
		buffer_init(&load->clients[i].in);
		buffer_init(&load->clients[i].out);
		watch(load, &load->clients[i]);
		load->idle[load->idle_count++] = &load->clients[i];
	}
}

static void close_all(struct load *load)
{
	for (int i = 0; i < load->plan->connections; i++) {
		client_close(&load->clients[i]);
		buffer_done(&load->clients[i].in);
		buffer_done(&load->clients[i].out);
	}
	free(load->clients);
	free(load->idle);
	close(load->timer);
	close(load->epoll);
}

void load_run(const struct load_plan *plan, struct stock *stock, struct load_result *ret_result)
{
	struct load load = {.plan = plan, .stock = stock, .result = ret_result};

	open_all(&load);
	load.start_us = monotonic_now();
	load.counted_us = load.start_us + plan->warm_us;
	load.end_us = load.counted_us + plan->count_us;
	loop(&load);
	const int64_t end = monotonic_now() < load.end_us ? monotonic_now() : load.end_us;
	ret_result->seconds = (double)(end - load.counted_us) / 1e6;
	ret_result->missed = plan->rate > 0 && load.due > load.answered ? load.due - load.answered : 0;
	close_all(&load);
}
