/* The contract: every message between the edge and the services, as a struct and a field table.
 *
 * docs/reference/messages.md shows the messages as they are on the broker. golden/ holds a sample of each. A new
 * message needs a row in the enum, a row in messages.c and a golden sample. A new schema needs a struct and a field
 * table as well. */
#ifndef PROTO_MESSAGES_H
#define PROTO_MESSAGES_H

#include "core/message.h"
#include "proto/roles.h"

enum message_name {
	/* requests to svc-users */
	USERS_REGISTER,
	USERS_GET,
	USERS_LIST,
	USERS_CHANGE,
	USERS_DISABLE,
	USERS_KEYS,
	TOKENS_GRANT,   /* e-mail and password */
	TOKENS_REFRESH, /* refresh token */
	TOKENS_REVOKE,  /* sign out */
	/* requests to svc-products */
	PRODUCTS_CREATE,
	PRODUCTS_GET,
	PRODUCTS_LIST,
	PRODUCTS_CHANGE,
	PRODUCTS_WITHDRAW,
	PRODUCTS_ADJUST_STOCK,
	/* requests to svc-orders */
	ORDERS_PLACE,
	ORDERS_GET,
	ORDERS_LIST,
	ORDERS_CANCEL,
	ORDERS_TIMELINE,
	/* events of svc-users */
	USER_REGISTERED,
	USER_CHANGED,
	USER_DISABLED,
	USER_VERIFIED, /* answers order.placed: the buyer may buy */
	USER_REFUSED,  /* answers order.placed: the buyer may not buy */
	/* events of svc-products */
	PRODUCT_CREATED,
	PRODUCT_CHANGED,
	PRODUCT_WITHDRAWN,
	STOCK_ADJUSTED,
	STOCK_RESERVED,      /* answers order.placed: the stock is reserved, with names and prices */
	STOCK_REFUSED,       /* answers order.placed: the stock cannot be reserved */
	STOCK_RELEASED,      /* a reservation ended: its order was not confirmed */
	STOCK_SOLD,          /* a reservation ended: its order was confirmed */
	RESERVATION_OVERDUE, /* a reservation outlived its order's deadline: the order's state is wanted */
	/* events of svc-orders */
	ORDER_PLACED,
	ORDER_CONFIRMED,
	ORDER_REJECTED,
	ORDER_EXPIRED,
	ORDER_CANCELLED,
	/* events of an operator */
	OPERATOR_REPLAYED, /* a forced replay: events are processed a second time */
	/* timers: messages of a service to itself */
	ORDER_DEADLINE,
	RESERVATION_DEADLINE,
	MESSAGE_COUNT
};

extern const struct contract comanda_contract;

/* ---- bounds ---- */
enum {
	PASSWORD_MIN = 8,
	PASSWORD_MAX = 256,
	NAME_MAX_CHARS = 200,
	LINES_MAX = 100,
	QUANTITY_MAX = 10000,
	PRICE_MAX = 1000000000,
	STOCK_MAX = 1000000000,
	PAGE_MAX = 100,
	PAGE_DEFAULT = 20
};

/* ---- shared schemas ---- */

/* The body of a request for one aggregate. */
struct by_id {
	struct uuid id;
	int64_t expected_version; /* If-Match; INT_ABSENT: any */
};
extern const struct schema by_id_schema;

/* The body of a request for one page of a list. Only the service that made a cursor can read it. */
struct page_query {
	int64_t limit;
	const char *cursor;  /* NULL: the first page, with the newest */
	const char *q;       /* products: words in name, description or SKU */
	int status;          /* products: enum product_status; orders: enum order_status; -1: any */
	struct uuid user_id; /* orders: the owner; nil: the caller, or all owners if the caller is an admin */
};
extern const struct schema products_list_schema, users_list_schema, orders_list_schema;

/* ---- users ---- */

enum user_status { USER_ACTIVE, USER_INACTIVE };
extern const char *const user_status_names[]; /* "active", "disabled" */
enum user_role { ROLE_CUSTOMER, ROLE_ADMIN };
extern const char *const user_role_names[]; /* "customer", "admin" */

struct user_view {
	struct uuid id;
	const char *email, *name;
	int role, status;
	int64_t created_at, updated_at, version;
};
extern const struct schema user_view_schema;

/* The data of user.registered, user.changed, user.disabled: in JSON, the account's fields and `by`. */
struct user_event {
	struct user_view user; /* after the change */
	struct uuid by;        /* the account that made the change; nil: the caller was not signed in */
};
extern const struct schema user_event_schema;

struct user_page {
	struct list items; /* struct user_view */
	const char *next;
};
extern const struct schema user_page_schema;

struct users_register {
	const char *email, *name, *password;
};
extern const struct schema users_register_schema;

struct password_change {
	const char *old_password, *new_password; /* "old", "new" */
};
struct users_change {
	struct uuid id;
	const char *name;                 /* NULL: unchanged */
	struct password_change *password; /* NULL: unchanged; otherwise the request goes to the queue users.password */
	int status, role;                 /* -1: unchanged */
};
extern const struct schema users_change_schema;

struct tokens_grant {
	const char *email, *password;
};
extern const struct schema tokens_grant_schema;
struct tokens_refresh {
	const char *refresh_token;
};
extern const struct schema tokens_refresh_schema, tokens_revoke_schema; /* revoke: refresh_token is optional */

struct token_view {
	const char *access_token, *token_type;
	int64_t expires_in; /* seconds */
	const char *refresh_token;
};
extern const struct schema token_view_schema;

struct keys_view {
	const char *keys; /* JSON array of JWK */
};
extern const struct schema keys_view_schema;

/* The data of user.verified and user.refused, the answers to order.placed. */
struct user_answer {
	struct uuid order_id, user_id;
	const char *code, *detail; /* refused: user_unknown, user_disabled */
};
extern const struct schema user_verified_schema, user_refused_schema;

/* ---- products ---- */

enum product_status { PRODUCT_ACTIVE, PRODUCT_INACTIVE };
extern const char *const product_status_names[]; /* "active", "withdrawn" */

/* Also the data of product.*. */
struct product_view {
	struct uuid id;
	const char *sku, *name, *description;
	int64_t price_cents;
	const char *currency;
	int64_t on_hand, reserved, available;
	int status;
	int64_t created_at, updated_at, version;
};
extern const struct schema product_view_schema;

/* The data of stock.adjusted: in JSON, the product's fields and these. */
struct stock_adjusted {
	struct product_view product; /* after the change */
	int64_t delta;
	const char *reason; /* NULL: none given */
};
extern const struct schema stock_adjusted_schema;

struct product_page {
	struct list items; /* struct product_view */
	const char *next;
};
extern const struct schema product_page_schema;

struct products_create {
	const char *sku, *name, *description; /* description NULL: "" */
	int64_t price_cents;
	const char *currency;
	int64_t on_hand; /* INT_ABSENT: 0 */
};
extern const struct schema products_create_schema;

struct products_change {
	struct uuid id;
	int64_t expected_version;             /* If-Match; INT_ABSENT: any */
	const char *sku, *name, *description; /* NULL: unchanged */
	int64_t price_cents;                  /* INT_ABSENT: unchanged */
	const char *currency;
	int status; /* -1: unchanged */
};
extern const struct schema products_change_schema;

struct products_adjust_stock {
	struct uuid id;
	int64_t expected_version; /* If-Match; INT_ABSENT: any */
	int64_t delta;
	const char *reason; /* NULL: none given */
};
extern const struct schema products_adjust_stock_schema;

/* ---- orders ---- */

enum order_status {
	ORDER_STATUS_PENDING,
	ORDER_STATUS_CONFIRMED,
	ORDER_STATUS_REJECTED,
	ORDER_STATUS_EXPIRED,
	ORDER_STATUS_CANCELLED
};
extern const char *const order_status_names[];

struct order_line {
	struct uuid product_id;
	const char *name; /* NULL while the order is pending */
	int64_t quantity;
	int64_t unit_price_cents; /* INT_ABSENT while the order is pending */
};
extern const struct schema order_line_schema, wanted_line_schema;

struct order_reason {
	const char *code, *detail;
	struct uuid product_id; /* nil: not about one product */
};
extern const struct schema order_reason_schema;

/* The order as REST shows it. */
struct order_view {
	struct uuid id, user_id;
	int status;
	struct order_reason *reason; /* NULL: none */
	struct list items;           /* struct order_line */
	int64_t total_cents;         /* INT_ABSENT while the order is pending */
	const char *currency;
	const char *note;
	int64_t created_at, updated_at, version;
};
extern const struct schema order_view_schema;

struct order_page {
	struct list items; /* struct order_view */
	const char *next;
};
extern const struct schema order_page_schema;

struct orders_place {
	struct list items; /* struct order_line: product_id and quantity */
	const char *note;
};
extern const struct schema orders_place_schema;

/* The data of every order.* event: the order after the event. */
struct order_event {
	struct uuid order_id, user_id;
	int status;
	struct order_reason *reason;
	struct list items; /* struct order_line */
	int64_t total_cents;
	const char *currency, *note;
	int64_t created_at, expires_at; /* expires_at: INT_ABSENT when the order has ended */
};
extern const struct schema order_event_schema;

struct timeline_event {
	struct uuid id;
	const char *type, *source;
	int64_t time, sequence;
	const char *data; /* JSON */
};
struct timeline_view {
	struct uuid order_id;
	struct list events; /* struct timeline_event */
};
extern const struct schema timeline_view_schema;

/* ---- stock ---- */

/* The stock of a product after the event. */
struct stock_level {
	struct uuid product_id;
	int64_t on_hand, reserved, sequence; /* sequence: every change of the product adds one */
};

/* The data of stock.reserved, stock.released and stock.sold. */
struct stock_event {
	struct uuid order_id;
	struct list items; /* struct order_line: with name and price */
	int64_t total_cents;
	const char *currency;
	int64_t expires_at; /* INT_ABSENT when the reservation has ended */
	struct list stock;  /* struct stock_level */
};
extern const struct schema stock_event_schema;

struct stock_refused {
	struct uuid order_id;
	const char *code, *detail; /* product_unknown, product_withdrawn, out_of_stock, mixed_currency */
	struct uuid product_id;    /* nil: not about one product */
	struct list stock;         /* struct stock_level: the products that the decision read, as they were then */
};
extern const struct schema stock_refused_schema;

/* ---- actions of an operator ---- */

/* The data of operator.replayed: the audit record of a forced replay. Its subject is the replay. */
struct operator_replayed {
	const char *by, *host; /* the operating system's user and host of the command */
	const char *reason;
	struct list queues; /* const char * */
	struct list events; /* const char *: their ids */
};
extern const struct schema operator_replayed_schema;
enum { REPLAYED_MAX = 1000 };

/* ---- timers ---- */

/* The data of the timers order.deadline and reservation.deadline, and of the event reservation.overdue. */
struct order_timer {
	struct uuid order_id;
};
extern const struct schema order_timer_schema;

#endif
