import { getPlan, listPlans, setPlan } from "./service/plan.ts";

export const planHandlers = { "plan.list": listPlans, "plan.get": getPlan, "plan.set": setPlan };
