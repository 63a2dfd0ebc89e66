import { setPassword } from "./service/password.ts";
import { updateProfile } from "./service/update.ts";

export const profileHandlers = {
  "profile.update": updateProfile,
  "profile.setPassword": setPassword,
};
