/** Which IP addresses belong to this machine, its network or nobody, and must not be fetched from. */

import { BlockList, isIPv6 } from "node:net";

/** @source IANA special-purpose address registries, RFC 6890 and its updates; multicast, RFC 5771 and RFC 4291 */
const SPECIAL: readonly (readonly [address: string, prefix: number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
  ["::", 127],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["fc00::", 7],
  ["fe80::", 9],
  ["ff00::", 8],
];

const special = new BlockList();
for (const [address, prefix] of SPECIAL) special.addSubnet(address, prefix, isIPv6(address) ? "ipv6" : "ipv4");

/** Whether the address is not on the public internet. An IPv4 address inside an IPv6 one counts as itself. */
export function isPrivateAddress(address: string): boolean {
  const bare = address.replace(/%.*$/, "");
  return special.check(bare, isIPv6(bare) ? "ipv6" : "ipv4");
}
