import {
  addProjectMember,
  joinProject,
  leaveProject,
  listProjectMembers,
  removeProjectMember,
  setProjectRole,
} from "./service/member.ts";
import {
  archiveProject,
  createProject,
  deleteProject,
  getProject,
  listProjects,
  unarchiveProject,
  updateProject,
} from "./service/project.ts";

export const projectHandlers = {
  "project.create": createProject,
  "project.list": listProjects,
  "project.get": getProject,
  "project.update": updateProject,
  "project.delete": deleteProject,
  "project.archive": archiveProject,
  "project.unarchive": unarchiveProject,
  "project.join": joinProject,
  "project.leave": leaveProject,
  "project.listMembers": listProjectMembers,
  "project.addMember": addProjectMember,
  "project.setRole": setProjectRole,
  "project.removeMember": removeProjectMember,
};
