/* Compares two events by what their decision made. */
#ifndef CTL_SANDBOX_ENVELOPE_H
#define CTL_SANDBOX_ENVELOPE_H

#include "json/json.h"

/* Whether two events, as JSON, differ only in members of the envelope that no decision makes, such as datacontenttype.
 * CloudEvents 1.0.2 makes these optional, and builds differ in which they write. */
bool envelope_only_differs(struct span recorded, struct span rebuilt);

#endif
