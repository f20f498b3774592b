import { InputError } from "../inputError";

/**
 * The address of the field page for a node, which its label's QR code holds.
 *
 * @param base where the city's pages are, such as `https://streetnode.example.org`
 * @throws InputError when the base is no http or https address
 */
export function fieldPageUrl(base: string, node: string): string {
  let url: URL;
  try {
    url = new URL(base);
  } catch {
    throw new InputError(`--url ${base}: expected an address such as https://nodes.example.org`);
  }
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw new InputError(`--url ${base}: expected an address that starts with https:// or http://`);
  if (url.search || url.hash || url.username || url.password)
    throw new InputError(`--url ${base}: expected an address without user, '?' and '#'`);
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}/field?node=${encodeURIComponent(node)}`;
}
