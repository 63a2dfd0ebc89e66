import { addMember, listMembers, removeMember, setMemberRole } from "./service/member.ts";
import { createOrg, deleteOrg, getOrg, listOrgs, transferOrg, updateOrg } from "./service/org.ts";

export const orgHandlers = {
  "org.create": createOrg,
  "org.list": listOrgs,
  "org.get": getOrg,
  "org.update": updateOrg,
  "org.delete": deleteOrg,
  "org.transfer": transferOrg,
  "member.list": listMembers,
  "member.add": addMember,
  "member.setRole": setMemberRole,
  "member.remove": removeMember,
};
