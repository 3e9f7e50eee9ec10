/**
 * Windows programs, run by Wine: in a root directory of its own, with this project and the
 * runtimes in it.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { ROOT } from "../../support/child.ts";
import { type Ended, runToEnd, tools } from "./tools.ts";

/** What Wine is started by. */
export interface Wine {
  /** Runs a program: a path on this side, with arguments as they are. */
  readonly run: (path: string, args?: readonly string[], seconds?: number) => Ended;
  /** The path of a file of this project, or of a tool, as Windows has it. */
  readonly path: (path: string) => string;
  readonly close: () => void;
}

/**
 * Rights in a namespace of this process alone: to mount there, and to change the root. As
 * root without user namespaces, those that it has anyway.
 */
function namespace(): readonly string[] {
  const forms = [["unshare", "--map-root-user", "--mount"], ["unshare", "--mount"]];
  const tries = forms.map(([program, ...args]) =>
    spawnSync(program as string, [...args, "true"], { encoding: "utf8" })
  );
  const at = tries.findIndex(({ status }) => status === 0);
  if (at >= 0) return forms[at] as string[];
  const [first] = tries;
  throw new tools.Unavailable(`unshare: ${first?.stderr || first?.error?.message}`.trim());
}

const ENTER = `
root=$1; prefix=$2; project=$3; tools=$4; shift 4
mount --rbind /proc "$root/proc" && mount --rbind /dev "$root/dev" &&
mount --bind "$project" "$root/project" && mount --bind "$tools" "$root/runtimes" || exit 125
exec chroot "$root" "$@"
`;

/** Makes a Windows of its own, which is gone when it is closed. */
export function openWine(): Wine {
  const root = tools.wineRoot();
  const prefix = mkdtempSync(join(root, "home/prefix-"));
  const before = [
    ...namespace(),
    ...["sh", "-c", ENTER, "sh", root, prefix, ROOT, tools.toolsFolder()],
  ];
  const env = {
    HOME: "/home",
    WINEPREFIX: `/home/${basename(prefix)}`,
    WINEDEBUG: "-all",
    WINELOADER: "/usr/lib/wine/wine64",
    WINESERVER: "/usr/lib/wine/wineserver64",
    // What Wine would like to have for other programs.
    WINEDLLOVERRIDES: "mscoree,mshtml,winemenubuilder.exe=",
    WINEPATH: "Z:\\usr\\x86_64-w64-mingw32\\lib",
  };
  const start = (program: string, args: readonly string[], seconds: number) =>
    runToEnd([...before, program, ...args], { env, seconds });
  const path = (place: string) => {
    const [folder, name] = place.startsWith(ROOT)
      ? [ROOT, "project"]
      : [tools.toolsFolder(), "runtimes"];
    return `Z:\\${name}\\${relative(folder, place).replaceAll("/", "\\")}`;
  };
  return {
    run: (program, args = [], seconds = 120) =>
      start("/usr/lib/wine/wine64", [path(program), ...args], seconds),
    path,
    close() {
      start("/usr/lib/wine/wineserver64", ["-k"], 60);
      start("/usr/lib/wine/wineserver64", ["-w"], 60);
      rmSync(prefix, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
