import express, { type Router } from "express";
import { restPage } from "../../protocol/print-rest-page.ts";
import { socketPage } from "../../protocol/print-socket-page.ts";
import { style } from "../../protocol/print-style.ts";
import { version } from "../kernel/package-root.ts";

/** The pages need a style of our own and an empty icon, and run nothing. */
const policy =
  "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const documents = {
  "/docs/rest": { type: "html", print: () => restPage(version) },
  "/docs/socket": { type: "html", print: socketPage },
  "/docs/style.css": { type: "css", print: () => style },
};

/** The documents for people, made on the first request. */
export function createDocPages(): Router {
  const router = express.Router();
  for (const [path, { type, print }] of Object.entries(documents)) {
    let text: string | undefined;
    router.get(path, (_req, res) => {
      text ??= print();
      res.set({ "Content-Security-Policy": policy, "Cache-Control": "no-cache" }).type(type).send(text);
    });
  }
  router.get("/docs", (_req, res) => res.redirect("/docs/rest"));
  return router;
}
