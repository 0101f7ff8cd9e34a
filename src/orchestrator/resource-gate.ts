/** What steps need of the machine, and a gate that lets in as many as fit at once. */

/** What a step asks for; left-out members are 0. */
export interface Resources {
  /** Cores. */
  readonly cpu?: number;
  readonly gpu?: number;
  readonly memoryMb?: number;
}

/** Waits until the resources are free and takes them; resolves to what gives them back. */
export type ResourceGate = (wanted: Resources) => Promise<() => void>;

interface Waiting {
  readonly wanted: Required<Resources>;
  enter(): void;
}

/** In order of arrival: a large request is not starved by small ones. More than the machine has is cut to all of it. */
export function createResourceGate(capacity: Required<Resources>): ResourceGate {
  const free = { ...capacity };
  const queue: Waiting[] = [];
  const fits = ({ cpu, gpu, memoryMb }: Required<Resources>): boolean =>
    cpu <= free.cpu && gpu <= free.gpu && memoryMb <= free.memoryMb;
  const take = (wanted: Required<Resources>, sign: 1 | -1): void => {
    free.cpu -= sign * wanted.cpu;
    free.gpu -= sign * wanted.gpu;
    free.memoryMb -= sign * wanted.memoryMb;
  };
  const admit = (): void => {
    for (let next = queue[0]; next !== undefined && fits(next.wanted); next = queue[0]) {
      queue.shift();
      take(next.wanted, 1);
      next.enter();
    }
  };
  return async ({ cpu = 0, gpu = 0, memoryMb = 0 }) => {
    if (cpu + gpu + memoryMb === 0) return () => undefined;
    const wanted = {
      cpu: Math.min(cpu, capacity.cpu),
      gpu: Math.min(gpu, capacity.gpu),
      memoryMb: Math.min(memoryMb, capacity.memoryMb),
    };
    await new Promise<void>((enter) => {
      queue.push({ wanted, enter });
      admit();
    });
    return () => {
      take(wanted, -1);
      admit();
    };
  };
}
