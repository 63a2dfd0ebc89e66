import {
  pullEvents,
  subscribeOrg,
  subscribeProject,
  subscribeUser,
  unsubscribeOrg,
  unsubscribeProject,
  unsubscribeUser,
} from "./service.ts";

export const streamHandlers = {
  "project.subscribe": subscribeProject,
  "project.unsubscribe": unsubscribeProject,
  "org.subscribe": subscribeOrg,
  "org.unsubscribe": unsubscribeOrg,
  "user.subscribe": subscribeUser,
  "user.unsubscribe": unsubscribeUser,
  "sync.pull": pullEvents,
};
