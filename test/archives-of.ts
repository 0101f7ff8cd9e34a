/** ZIP and tar archives in memory, for tests: also ones that no honest tool would write. */

import { crc32, deflateRawSync, gzipSync } from "node:zlib";

/** One file; what is given beside its content overrides what an honest archive would say. */
export interface ZipFileOf {
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly isDeflated?: boolean;
  /** As the directory states it. */
  readonly declaredBytes?: number;
  /** Unix mode, as of a link. */
  readonly mode?: number;
  /** Bit 0 says that it is encrypted. */
  readonly flags?: number;
}

/** A ZIP archive of files, stored or deflated. */
export function zipOf(files: readonly ZipFileOf[] | Readonly<Record<string, string | Uint8Array>>): Buffer {
  const list = Array.isArray(files)
    ? (files as readonly ZipFileOf[]) // an array is the first kind
    : Object.entries(files as Readonly<Record<string, string | Uint8Array>>).map(([name, content]) => ({
        name,
        content,
      }));
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const file of list) {
    const { local, central } = recordsOf(file, offset);
    parts.push(local);
    directory.push(central);
    offset += local.length;
  }
  const sizeBytes = directory.reduce((sum, { length }) => sum + length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(sizeBytes, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

function recordsOf(file: ZipFileOf, offset: number): { local: Buffer; central: Buffer } {
  const name = Buffer.from(file.name);
  const content = Buffer.from(file.content as string); // bytes are copied just so
  const packed = file.isDeflated ? deflateRawSync(content) : content;
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(0x0800 | (file.flags ?? 0), 2);
  fields.writeUInt16LE(file.isDeflated ? 8 : 0, 4);
  fields.writeUInt32LE(crc32(content), 10);
  fields.writeUInt32LE(packed.length, 14);
  fields.writeUInt32LE(file.declaredBytes ?? content.length, 18);
  fields.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), fields, name, packed]);
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE(((file.mode ?? 0o100644) << 16) >>> 0, 6);
  tail.writeUInt32LE(offset, 10);
  const made = Buffer.from([20, 3]); // made on Unix, so that modes count
  return { local, central: Buffer.concat([Buffer.from("PK\x01\x02", "latin1"), made, fields, tail, name]) };
}

/** One entry of a tar archive. */
export interface TarFileOf {
  readonly name: string;
  readonly content?: string;
  readonly type?: "file" | "symlink" | "directory";
  readonly linkname?: string;
}

/** A `.tar.gz` of entries in order, with git's remark on the commit before them where one is given. */
export function tarGzOf(files: readonly TarFileOf[], commit?: string): Buffer {
  const remark =
    commit === undefined ? [] : [tarBlock({ name: "pax_global_header", flag: "g", content: `52 comment=${commit}\n` })];
  const flags = { file: "0", symlink: "2", directory: "5" };
  const entries = files.map(({ type = "file", ...file }) => tarBlock({ ...file, flag: flags[type] }));
  return gzipSync(Buffer.concat([...remark, ...entries, Buffer.alloc(1024)]));
}

/** A header and its content, in blocks of 512 bytes. @source POSIX.1-2017, pax, ustar interchange format */
function tarBlock({ name, flag, content = "", linkname = "" }: Omit<TarFileOf, "type"> & { flag: string }): Buffer {
  const body = Buffer.from(content);
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write("0000644\0", 100);
  header.write(`${body.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0        ", 136); // the time, and spaces where the checksum will stand
  header.write(flag, 156);
  header.write(linkname, 157, 100);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}
