/* RPC on the wire: how requests and replies look as JSON (docs/reference/messages.md), for the side that asks and for
 * the side that answers. A message holds one item, or an array of items that travel together. No I/O. */
#ifndef RPC_WIRE_H
#define RPC_WIRE_H

#include "core/unit.h"
#include "rpc/rpc.h"
#include "json/json.h"

enum {
	RPC_ITEMS_MAX = 256,          /* a request message holds no more items than this */
	RPC_REQUEST_BYTES = 262144,   /* a request message is closed once it is this long */
	RPC_REPLY_BYTES = 1024 * 1024 /* a reply message is closed before it gets longer, unless one item alone is */
};

/* ---- writing: items are put into a bundle; one alone is sent as an object, several as an array ---- */

struct rpc_bundle {
	struct buffer text;
	size_t count; /* of items in it */
};

void rpc_bundle_init(struct rpc_bundle *bundle);
void rpc_bundle_done(struct rpc_bundle *bundle);
void rpc_bundle_clear(struct rpc_bundle *bundle); /* empties it, keeps the room */
/* Adds an item that is written already: one JSON object. */
void rpc_bundle_add(struct rpc_bundle *bundle, struct span item);
/* The message's body: borrowed until the bundle is changed again. At least one item must be in it. Called once, after
 * the last item. */
struct span rpc_bundle_body(struct rpc_bundle *bundle);

/* Writes a request as one item. An empty `data` is written as {}. */
void rpc_request_write(struct buffer *out, const struct contract *contract, const struct rpc_request *request);

/* What is answered to one item. */
struct rpc_answer {
	enum status status;
	struct span data;              /* OK: JSON; empty: {} */
	const struct refusal *refusal; /* otherwise: code, detail, field; NULL, or NULL inside: those of the status */
	const struct faults *faults;   /* otherwise: what is wrong with which field; NULL: none */
};
/* Writes an answer without the id of who asked: {"status":…,…}. This is what an inbox can record and give again. */
void rpc_answer_write(struct buffer *out, const struct rpc_answer *answer);
/* Adds a reply: `answer` is what rpc_answer_write wrote; `id` is the request's, as text (rpc_item.id_text). */
void rpc_bundle_reply(struct rpc_bundle *bundle, const char *id, struct span answer);

/* ---- reading requests ---- */

struct rpc_item {
	/* Type, id, time, deadline, caller and traceparent; `body` is not read yet. type is -1 where it is not known.
	 */
	struct message message;
	const struct json *data; /* never NULL where status is OK: what is left out is {} */
	/* OK; E_UNKNOWN_TYPE; E_INVALID: the faults say what is wrong with the envelope; E_MALFORMED: not an object.
	 * Such an item is answered with this status, and its neighbours go on. */
	enum status status;
	const char *type_name; /* NULL where it could not be read */
	const char *id_text;   /* to answer it by; NULL: it has none, so nobody can be told */
	struct faults *faults; /* NULL: none */
};

struct rpc_items {
	struct rpc_item *items;
	size_t count;
	struct faults faults; /* of the message as a whole */
};
/* Reads a request message. E_MALFORMED: it is not JSON at all, or an empty array, or more than RPC_ITEMS_MAX items: the
 * AMQP correlation_id is then all that it can be answered by. Everything lives in the arena. An item's data is then
 * read with json_read by the schema of its type. */
must_check enum status rpc_wire_read_requests(struct span body, const struct contract *contract, struct arena *arena,
					      struct rpc_items *ret_items);

/* ---- reading replies ---- */

/* One reply within a message: whom it answers, and its text, which is not read yet. */
struct rpc_slice {
	struct uuid id;
	struct span text; /* within the message's body */
};

struct rpc_slices {
	struct rpc_slice *items;
	size_t count;
	size_t skipped; /* without a readable id: nobody can be told */
};
/* Takes a reply message apart, for the thread that hands replies on; those who asked read their own. The slices live
 * in the arena. E_MALFORMED: neither an object nor an array of objects. */
must_check enum status rpc_wire_slice(struct span body, struct arena *arena, struct rpc_slices *ret_slices);

/* Reads a reply, or an answer as an inbox recorded it: status, data, code, detail, field (the first error's), errors.
 * Everything is copied into the arena; `sent` is left alone. E_MALFORMED, with the reply untouched, where it is none.
 */
must_check enum status rpc_answer_read(struct span text, struct arena *arena, struct rpc_reply *ret_reply);

#endif
