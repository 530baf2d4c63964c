/* Pending orders by state, ended orders, and the time from placing to the end. */
#include "orders/store/orders_metrics.h"

#include "orders/domain/order.h"
#include "orders/usecases/views.h"
#include "proto/messages.h"

static struct metric open_orders = {.name = "comanda_orders_open",
				    .help = "Pending orders, by state; counts at most the 10000 that are due first",
				    .type = GAUGE,
				    .label = "state"};
static struct metric overdue = {
	.name = "comanda_orders_overdue",
	.help = "Pending orders whose deadline has passed; counts at most the 10000 that are due first",
	.type = GAUGE};
static struct metric ends = {.name = "comanda_orders_finished_total",
			     .help = "Orders that have ended, by status",
			     .type = COUNTER,
			     .label = "status"};
static struct metric times = {.name = "comanda_order_duration_seconds",
			      .help = "Time from the placing of an order to its end, by status",
			      .type = HISTOGRAM,
			      .label = "status"};

/* Every pending order has a deadline, so the deadlines are enough to find them. The numbers are of enum order_state. */
#define OPEN_ORDERS                                                                                                    \
	"WITH open AS MATERIALIZED (SELECT orders.state, orders.expires_at FROM"                                       \
	" (SELECT subject FROM deadlines_all WHERE type = 'order.deadline' ORDER BY due_at LIMIT 10000) AS due"        \
	" JOIN orders ON orders.id = due.subject WHERE orders.state < 3) "

const struct db_gauge orders_gauges[] = {
	{.metric = &open_orders,
	 .query = {"orders_open",
		   OPEN_ORDERS "SELECT named.name, (SELECT count(*) FROM open WHERE open.state = named.state)"
			       " FROM (VALUES (0, 'pending'), (1, 'user_known'), (2, 'stock_held')) AS named (state, "
			       "name)"}},
	{.metric = &overdue,
	 .query = {"orders_overdue", OPEN_ORDERS "SELECT NULL::text, count(*) FROM open WHERE expires_at < now()"}},
	{0},
};

_Static_assert(PENDING == 0 && USER_KNOWN == 1 && STOCK_HELD == 2 && CONFIRMED == 3,
	       "the statements have these numbers");

/* An end that is published again does not change the order, and does not count. */
void orders_saved(const void *saved, int64_t now_us)
{
	const struct order *order = saved;

	if (!saga_ended(order->state) || order->updated_us != now_us)
		return;
	const char *status = order_status_names[order_status_of(order)];
	metric_add(&ends, status, 1);
	metric_observe(&times, status, now_us - order->created_us);
}
