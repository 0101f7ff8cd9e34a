/** Door of the trainers: drivers of the trainer's port beyond this process. */

export { commandTrainer } from "./command-trainer.ts";
export { TrainerFailedError, TrainerOutputError } from "./errors.ts";
export {
  TrainerAnswerError,
  TrainerBusyError,
  TrainerCostError,
  TrainerJobCancelledError,
  TrainerJobFailedError,
  TrainerKeyError,
  TrainerRequestError,
  TrainerRowsError,
  TrainerStartError,
} from "./open-ai-errors.ts";
export { type OpenAiTrainerOptions, openAiTrainer } from "./open-ai-trainer.ts";
