export { compress } from './compress';
export { takeLines } from './lines';
