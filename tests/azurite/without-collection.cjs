// Ten minutes after its start, and then again and again, Azurite collects garbage. Until it has ended it
// answers nothing, which after a long run takes minutes. A run keeps its garbage instead.
require('azurite/dist/src/blob/utils/constants').DEFAULT_GC_INTERVAL_MS = 2 ** 31 - 1;
