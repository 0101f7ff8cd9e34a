/** Door of the trainers: drivers of the trainer's port beyond this process. */

export { commandTrainer } from "./command-trainer.ts";
export { TrainerFailedError, TrainerOutputError } from "./errors.ts";
