/* What the replicas of a service tell each other of their pace: the table paces. One of them may begin what another
 * one ends; the brake (relay/admission_control.h) needs to know of both. */
#ifndef RELAY_ADMISSION_SYNC_H
#define RELAY_ADMISSION_SYNC_H

#include "core/uuid.h"
#include "postgres/db.h"
#include "relay/admission_control.h"

enum { ADMISSION_PEERS_MAX = 32 }; /* replicas that are looked at; more of them count as if each worked for itself */

/* Another replica, and what it has told when it was last looked at. */
struct admission_peer {
	struct uuid replica;
	int64_t begun, ended;
};

struct admission_sync {
	struct uuid replica; /* this one */
	int64_t told, next_us;
	struct admission_peer others[ADMISSION_PEERS_MAX];
	size_t count;
};

void admission_sync_init(struct admission_sync *paces);
/* Tells what this process has counted, and counts what the others have told since the last time; at most every tenth of
 * a second, and only where something has been counted here since. */
must_check enum status admission_sync_share(struct admission_sync *paces, struct db *db, struct admission *admission);

#endif
