/* Decisions without one of their guards, which replace the real ones. The name of each says what it does. */
#ifndef TESTS_MODEL_MUTANTS_H
#define TESTS_MODEL_MUTANTS_H

#include "unit/unit.h"

/* ---- instead of decisions of svc-products ---- */
decide_function leave_no_tombstone;              /* release_order */
decide_function release_again;                   /* release_order */
decide_function release_what_was_never_held;     /* release_order */
decide_function reserve_again;                   /* reserve_order */
decide_function reserve_what_is_not_there;       /* reserve_order */
decide_function reserve_without_deadline;        /* reserve_order */
decide_function reserve_after_the_order_expired; /* reserve_order */
decide_function sell_again;                      /* sell_order */
decide_function ask_nothing_when_overdue;        /* check_overdue */

/* ---- of svc-orders ---- */
decide_function place_without_deadline;        /* place_order */
decide_function cancel_after_the_end;          /* cancel_order */
decide_function clear_deadline_too_early;      /* on_user_verified */
decide_function confirm_on_the_buyer_alone;    /* on_user_verified */
decide_function confirm_on_the_goods_alone;    /* on_stock_reserved */
decide_function ignore_goods_after_the_end;    /* on_stock_reserved */
decide_function repeat_the_end_for_each_event; /* on_stock_reserved */
decide_function reject_without_event;          /* on_user_refused */
decide_function ignore_overdue;                /* on_reservation_overdue */

/* ---- of svc-users ---- */
decide_function verify_everybody; /* verify_buyer */

#endif
