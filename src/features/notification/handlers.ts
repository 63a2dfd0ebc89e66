import { listNotifications, markNotificationsRead, setNotificationPrefs } from "./service/own.ts";
import { sendNotification } from "./service/send.ts";
import { unwatchIssue, watchIssue } from "./service/watch.ts";

export const notificationHandlers = {
  "notification.list": listNotifications,
  "notification.markRead": markNotificationsRead,
  "notification.setPrefs": setNotificationPrefs,
  "notification.send": sendNotification,
  "issue.watch": watchIssue,
  "issue.unwatch": unwatchIssue,
};
