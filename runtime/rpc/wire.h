/* The JSON of requests and replies (docs/reference/messages.md), for both sides. A message holds one item, or an array
 * of items that travel together. No I/O. */
#ifndef RPC_WIRE_H
#define RPC_WIRE_H

#include "rpc/rpc.h"
#include "unit/unit.h"
#include "json/json.h"

enum {
	RPC_ITEMS_MAX = 256,          /* items per request message */
	RPC_REQUEST_BYTES = 262144,   /* a request message of several items is at most this long */
	RPC_REPLY_BYTES = 1024 * 1024 /* a reply message of several items is at most this long */
};

/* ---- writing: a bundle of one item becomes an object, a bundle of several an array ---- */

struct rpc_bundle {
	struct buffer text;
	size_t count; /* of items in it */
};

void rpc_bundle_init(struct rpc_bundle *bundle);
void rpc_bundle_done(struct rpc_bundle *bundle);
void rpc_bundle_clear(struct rpc_bundle *bundle); /* empties it, and keeps its memory */
/* Adds an item: one JSON object. */
void rpc_bundle_add(struct rpc_bundle *bundle, struct span item);
/* The body of the message, borrowed until the bundle changes. Call it once, after the last item. The bundle must not be
 * empty. */
struct span rpc_bundle_body(struct rpc_bundle *bundle);

/* Appends a request as one item. Empty data is written as {}. Returns where the data is in `out`, valid until `out`
 * changes. */
struct span rpc_request_write(struct buffer *out, const struct contract *contract, const struct rpc_request *request);

/* The answer to one item. */
struct rpc_answer {
	enum status status;
	struct span data;              /* status OK: JSON; empty: {} */
	const struct refusal *refusal; /* other status: code, detail, field; a NULL takes the text of the status */
	const struct faults *faults;   /* other status: the faulty fields; NULL: none */
};
/* Appends an answer without the id of its request: {"status":…,…}. The inbox records this text, and repeats it. */
void rpc_answer_write(struct buffer *out, const struct rpc_answer *answer);
/* Adds a reply: the id of the request (rpc_item.id_text), and the text that rpc_answer_write wrote. */
void rpc_bundle_reply(struct rpc_bundle *bundle, const char *id, struct span answer);

/* ---- reading requests ---- */

struct rpc_item {
	/* The envelope. `body` is not read yet. `type` is -1 when the type is not known. */
	struct message message;
	const struct json *data; /* not NULL when status is OK: missing data is {} */
	/* OK. E_UNKNOWN_TYPE. E_INVALID: a fault of the envelope, see `faults`. E_MALFORMED: not an object.
	 * An item that is not OK is answered with this status. The other items are not affected. */
	enum status status;
	const char *type_name; /* NULL: it cannot be read */
	const char *id_text;   /* for the reply; NULL: the item has no id, so it cannot be answered */
	struct faults *faults; /* NULL: none */
};

struct rpc_items {
	struct rpc_item *items;
	size_t count;
	struct faults faults; /* of the message as a whole */
};
/* Reads a request message into the arena. The data of an item is read afterwards, with json_read and the schema of its
 * type. E_MALFORMED: not JSON, an empty array, or more than RPC_ITEMS_MAX items. Only the AMQP correlation_id then
 * tells which request an answer is for. */
must_check enum status rpc_wire_read_requests(struct span body, const struct contract *contract, struct arena *arena,
					      struct rpc_items *ret_items);

/* ---- reading replies ---- */

/* One reply of a message. Its text is not read yet. */
struct rpc_slice {
	struct uuid id;   /* of the request */
	struct span text; /* within the message's body */
};

struct rpc_slices {
	struct rpc_slice *items;
	size_t count;
	size_t skipped; /* replies without a readable id */
};
/* Cuts a reply message into replies. The slices live in the arena. E_MALFORMED: neither an object nor an array of
 * objects. */
must_check enum status rpc_wire_slice(struct span body, struct arena *arena, struct rpc_slices *ret_slices);

/* Reads a reply, or an answer that the inbox recorded. All texts are copied into the arena. `field` is that of the
 * first error. `sent` is not changed. E_MALFORMED: not an answer, and the reply is not changed. */
must_check enum status rpc_answer_read(struct span text, struct arena *arena, struct rpc_reply *ret_reply);

#endif
