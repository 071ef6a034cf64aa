/** The runs page: trainings and predictions, their curves and numbers, side by side. */

export { Runs } from "./Runs";
