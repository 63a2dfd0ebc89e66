import { listNotifications, markNotificationsRead, setNotificationPrefs } from "./service/own.ts";
import { unwatchIssue, watchIssue } from "./service/watch.ts";

export const notificationHandlers = {
  "notification.list": listNotifications,
  "notification.markRead": markNotificationsRead,
  "notification.setPrefs": setNotificationPrefs,
  "issue.watch": watchIssue,
  "issue.unwatch": unwatchIssue,
};
