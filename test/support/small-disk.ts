import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { appendFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk of its own, small enough to be filled. Whoever mounts it must {@link unmount} it. */
export class SmallDisk {
  private constructor(readonly folder: string) {}

  /**
   * @param megabytes its size.
   * @throws Error without the right to mount one
   */
  static mount(megabytes: number): SmallDisk {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-disk-'));
    try {
      const options = ['-t', 'tmpfs', '-o', `size=${megabytes}m`];
      execFileSync('mount', [...options, 'millrace-test', folder], { stdio: 'ignore' });
      return new SmallDisk(folder);
    } catch (error) {
      rmdirSync(folder);
      throw error;
    }
  }

  get #filler(): string {
    return join(this.folder, 'filler');
  }

  /** Fills the disk completely. */
  async fill(): Promise<void> {
    for (const size of [1024 ** 2, 4_096]) {
      for (let isFull = false; !isFull;) {
        isFull = await appendFile(this.#filler, Buffer.alloc(size)).then(
          () => false,
          () => true,
        );
      }
    }
  }

  /** Frees the space that {@link fill} took. */
  async clear(): Promise<void> {
    await rm(this.#filler, { force: true });
  }

  unmount(): void {
    execFileSync('umount', ['--lazy', this.folder]);
    rmdirSync(this.folder);
  }
}

/** False if this process may not mount a disk, as root in some containers. */
export const canMount = ((): boolean => {
  try {
    SmallDisk.mount(1).unmount();
    return true;
  } catch {
    return false;
  }
})();
