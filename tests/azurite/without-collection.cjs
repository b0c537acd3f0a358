// Ten minutes after its start, and then again and again, Azurite collects garbage. The time that takes grows with the square of what was overwritten, and it
// answers nothing until it has ended: minutes, after a long run. A run keeps its garbage instead.
require('azurite/dist/src/blob/utils/constants').DEFAULT_GC_INTERVAL_MS = 2 ** 31 - 1;
