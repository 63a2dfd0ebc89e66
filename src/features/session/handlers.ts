import { requestCode, verifyCode } from "./service/code.ts";
import { listSessions, revokeOwnSession, revokeOwnSessions } from "./service/own.ts";
import { refreshTokens } from "./service/refresh.ts";
import { renewSession, showSession, validateToken, whoami } from "./service/show.ts";
import { logIn, registerUser } from "./service/sign-in.ts";
import { logOut } from "./service/sign-out.ts";

export const sessionHandlers = {
  "auth.register": registerUser,
  "auth.login": logIn,
  "auth.requestOtp": requestCode,
  "auth.verifyOtp": verifyCode,
  "auth.refresh": refreshTokens,
  "auth.logout": logOut,
  "auth.validate": validateToken,
  "auth.session": showSession,
  "session.whoami": whoami,
  "session.renew": renewSession,
  "session.list": listSessions,
  "session.revoke": revokeOwnSession,
  "session.revokeAll": revokeOwnSessions,
};
