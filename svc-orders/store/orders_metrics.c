/* Orders by state, their ends, and how long they took to get there. */
#include "orders/store/orders_metrics.h"

#include "orders/domain/order.h"
#include "orders/usecases/views.h"
#include "proto/messages.h"

static struct metric open_orders = {.name = "comanda_orders_open",
				    .help = "Open orders, by state; counts at most the 10000 that are due first",
				    .type = GAUGE,
				    .label = "state"};
static struct metric overdue = {
	.name = "comanda_orders_overdue",
	.help = "Open orders whose deadline has passed; counts at most the 10000 that are due first",
	.type = GAUGE};
static struct metric ends = {.name = "comanda_orders_finished_total",
			     .help = "Orders that have ended, by status",
			     .type = COUNTER,
			     .label = "status"};
static struct metric times = {.name = "comanda_order_duration_seconds",
			      .help = "Time from the placing of an order to its end, by status",
			      .type = HISTOGRAM,
			      .label = "status"};

/* Every open order has a deadline, so that nothing else need be looked at. The numbers are enum order_state's. */
#define OPEN_ORDERS                                                                                                    \
	"WITH open AS MATERIALIZED (SELECT orders.state, orders.expires_at FROM"                                       \
	" (SELECT subject FROM deadlines_all WHERE type = 'order.deadline' ORDER BY due_at LIMIT 10000) AS due"        \
	" JOIN orders ON orders.id = due.subject WHERE orders.state < 3) "

const struct db_gauge orders_gauges[] = {
	{&open_orders,
	 {"orders_open",
	  OPEN_ORDERS "SELECT named.name, (SELECT count(*) FROM open WHERE open.state = named.state)"
		      " FROM (VALUES (0, 'pending'), (1, 'user_known'), (2, 'stock_held')) AS named (state, name)"}},
	{&overdue, {"orders_overdue", OPEN_ORDERS "SELECT NULL::text, count(*) FROM open WHERE expires_at < now()"}},
	{0},
};

_Static_assert(PENDING == 0 && USER_KNOWN == 1 && STOCK_HELD == 2 && CONFIRMED == 3, "as the statements have them");

/* An end that was only said again is no end of its own: that changes nothing in the order. */
void orders_saved(const void *saved, int64_t now_us)
{
	const struct order *order = saved;

	if (!saga_ended(order->state) || order->updated_us != now_us)
		return;
	const char *status = order_status_names[order_status_of(order)];
	metric_add(&ends, status, 1);
	metric_observe(&times, status, now_us - order->created_us);
}
