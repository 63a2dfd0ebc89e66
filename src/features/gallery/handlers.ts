import { installItem } from "./service/install.ts";
import { getItem, listGallery, listTemplates } from "./service/list.ts";
import { publishItem } from "./service/publish.ts";

export const galleryHandlers = {
  "gallery.browse": listGallery,
  "gallery.list": listGallery,
  "gallery.get": getItem,
  "gallery.publish": publishItem,
  "gallery.install": installItem,
  "template.list": listTemplates,
};
