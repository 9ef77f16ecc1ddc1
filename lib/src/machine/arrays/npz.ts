import { messageOf } from "../support/errors";
import { LONGEST_NPY_HEAD, parseNpy, parseNpyHeader } from "../support/npy";
import { ZipArchive } from "../support/zip";
import { chooseArray, type ListedArray, type NamedArray } from "./namedArray";

const MEMBER = /\.npy$/;

/** Of a member, in bytes: what zlib unpacks into one piece of memory. */
const LARGEST_MEMBER = 2 ** 32 - 2 ** 16;

/** The array of that name of a .npz file, or the only one. */
export function readNpzArray(path: string, wanted?: string): NamedArray {
  const archive = new ZipArchive(path);
  try {
    const members = [...archive.entries.keys()].filter((member) => MEMBER.test(member));
    return chooseArray(
      path,
      members.map((member) => listedMember(archive, member)),
      wanted?.replace(MEMBER, ""),
    );
  } finally {
    archive.close();
  }
}

function listedMember(archive: ZipArchive, member: string): ListedArray {
  const name = member.replace(MEMBER, "");
  const place = `${archive.path}: ${name}`;
  return {
    name,
    describe() {
      try {
        const { shape } = parseNpyHeader(archive.head(member, LONGEST_NPY_HEAD), place, archive.entry(member).size);
        return `[${shape}]`;
      } catch (error) {
        return `(${messageOf(error).replace(`${place}: `, "")})`;
      }
    },
    read: () => ({ name, ...parseNpy(archive.read(member, LARGEST_MEMBER), place) }),
  };
}
