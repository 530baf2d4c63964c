/* Every subcommand, by folder. main.c lists them. */
#ifndef CTL_CLI_COMMANDS_H
#define CTL_CLI_COMMANDS_H

#include "ctl/cli/command.h"

extern const struct command cmd_dead_drop, cmd_dead_list, cmd_dead_redrive, cmd_dead_show;
extern const struct command cmd_events_export, cmd_events_import, cmd_events_list, cmd_events_show, cmd_events_tail;
extern const struct command cmd_order, cmd_saga;
extern const struct command cmd_outbox, cmd_outbox_release;
extern const struct command cmd_replay;
extern const struct command cmd_sandbox;
extern const struct command cmd_token;
extern const struct command cmd_topology_apply, cmd_topology_diff, cmd_topology_show, cmd_topology_verify;

#endif
